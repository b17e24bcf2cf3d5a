/** Gives the options of a command the defaults of the configuration file. */
import { existsSync } from 'node:fs';
import type { Command, Option } from 'commander';
import type { Setting } from '../config/config.ts';
import { places } from '../tune/places.ts';
import { CliError, during, EXIT, usage } from './errors.ts';
import type { Globals } from './options.ts';

/** With these the names belong to another machine, or the file that they name already says what to do. */
const ELSEWHERE = ['root', 'from', 'netns', 'saved', 'replay', 'demo'] as const;

/** @param name with the command above it, as the file's sections have it. Throws CliError: a file of --config that cannot be read, a file that is not trusted or has an error in it. */
export async function takeDefaults(command: Command, name: string): Promise<void> {
  const options: Globals = command.optsWithGlobals();
  const path = options.config ?? places().config;
  if (options.config === undefined && !existsSync(path)) return;
  const { readConfig } = await import('../config/config.ts');
  const settings = await during(`read ${path}`, 'read access to it', () => readConfig(path)).catch(asUsage);
  if (ELSEWHERE.some((name) => Reflect.get(options, name) !== undefined)) return;
  const own = settings.filter((each) => each.command === name);
  const shared = settings.filter((each) => each.command === null && own.every(({ key }) => key !== each.key));
  for (const setting of [...own, ...shared]) take(command, setting, path);
}

/** A broken file is wrong usage, as a broken command line is. */
function asUsage(error: unknown): never {
  if (!(error instanceof CliError) || error.code !== 'bad-config') throw error;
  throw new CliError(error.code, error.message.replace(/^read [^:]*: /, ''), error.hint, EXIT.usage);
}

function take(command: Command, { key, values, line }: Setting, path: string): void {
  const option = command.options.find(({ long }) => long === `--${key}`);
  if (option === undefined || values.length === 0) return;
  const name = option.attributeName();
  const source = command.getOptionValueSource(name);
  if (source !== undefined && source !== 'default') return;
  // This command takes only one.
  if (values.length > 1 && !option.description.includes('(repeatable)')) return;
  try {
    command.setOptionValueWithSource(name, parsedOf(option, values), 'config');
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw usage(`${path}:${line}: ${error.message}`, error.hint);
  }
}

function parsedOf(option: Option, values: readonly string[]): unknown {
  if (option.isBoolean()) {
    if (values.every((value) => value === 'true')) return true;
    throw usage(`${option.long?.slice(2)} '${values.join()}': must be true or false`);
  }
  return values.reduce<unknown>(
    (previous, value) => (option.parseArg === undefined ? value : option.parseArg(value, previous as never)),
    undefined,
  );
}
