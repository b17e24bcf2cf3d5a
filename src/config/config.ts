/** /etc/locality-tune.conf: defaults of options, in TOML. */
import { parse, TomlError } from 'smol-toml';
import { failure } from '../system/errors.ts';
import { readTrusted } from '../system/trusted.ts';
import { nearest } from '../words/nearest.ts';

/** A default of an option. */
export interface Setting {
  /** Only of this command; null: of all in USERS. */
  readonly command: string | null;
  /** The long name of the option without its dashes. */
  readonly key: string;
  /** As on a command line; several for an option that may be repeated; [] for `false`. */
  readonly values: readonly string[];
  /** Of the file, from 1. */
  readonly line: number;
}

/** Keys outside of any table, and those of a table: a table is named after its command. */
const KEYS = ['iface', 'port', 'udp', 'cpus', 'irq-cpus', 'avoid-cpus', 'smt'] as const;
export const TABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['watch', ['iface', 'port', 'baseline', 'repair', 'on-stop', 'listen']],
  ['export', ['iface', 'port', 'listen', 'sample', 'probes', 'per-irq', 'matrix']],
]);

const MOST_BYTES = 1 << 16;

/** Throws SystemError, Failure `not-trusted`, `too-large`, `bad-config`. */
export const readConfig = (path: string): readonly Setting[] =>
  parseConfig(readTrusted(path, MOST_BYTES), path);

/** @param path for its errors: `/etc/locality-tune.conf:3: …`. Throws Failure `bad-config` */
export function parseConfig(text: string, path: string): readonly Setting[] {
  const bad = (line: number, message: string, hint: string) =>
    failure('bad-config', `${path}:${line}: ${message}`, hint);
  const one = (command: string | null, key: string, value: unknown, known: readonly string[]): Setting => {
    const line = lineOf(text, command, key);
    if (!known.includes(key)) {
      const meant = nearest(key, known);
      const there = command === null ? '' : ` in [${command}]`;
      throw bad(
        line,
        `unknown key '${key}'${there}`,
        meant === null ? `there are: ${known.join(', ')}` : `did you mean ${meant}?`,
      );
    }
    const values = valuesOf(value);
    if (values === null)
      throw bad(
        line,
        `${key}: must be a text, a number, true or false, or a list of these`,
        'see docs/configuration.md',
      );
    return { command, key, values, line };
  };
  return Object.entries(parsed(text, bad)).flatMap(([key, value]): Setting[] => {
    const keys = TABLES.get(key);
    if (keys === undefined)
      return [one(null, key, value, isTable(value) ? [...TABLES.keys()] : [...KEYS, ...TABLES.keys()])];
    if (!isTable(value))
      throw bad(lineOf(text, null, key), `${key}: must be a table`, `write [${key}] on a line of its own`);
    return Object.entries(value).map(([inner, each]) => one(key, inner, each, keys));
  });
}

function parsed(text: string, bad: (line: number, message: string, hint: string) => Error): object {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw bad(error.line, what, 'see https://toml.io for the syntax');
  }
}

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function valuesOf(value: unknown): readonly string[] | null {
  if (value === false) return [];
  if (Array.isArray(value)) {
    const each = value.map((one) => (Array.isArray(one) ? null : valuesOf(one)));
    return each.every((one) => one !== null && one.length === 1) ? each.flatMap((one) => one ?? []) : null;
  }
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value) ? [String(value)] : null;
}

/** The line of a key below the heading of its table; 1 if it is written in another way. */
function lineOf(text: string, table: string | null, key: string): number {
  let current: string | null = null;
  for (const [at, line] of text.split('\n').entries()) {
    const heading = /^\s*\[\s*["']?([\w-]+)["']?\s*\]/.exec(line)?.[1];
    if (heading !== undefined) {
      current = heading;
      if (table === null && heading === key) return at + 1;
      continue;
    }
    const named = /^\s*(?:([\w-]+)\s*\.\s*)?["']?([\w-]+)["']?\s*=/.exec(line);
    if (named?.[2] === key && (named[1] ?? current) === table) return at + 1;
  }
  return 1;
}
