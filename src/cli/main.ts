/** Runs a command line, and says what happens if that fails. */
import { type Command, CommanderError } from 'commander';
import { nearest } from '../words/nearest.ts';
import { asFailure, type CliError, EXIT, failureDocument, failureText, usage } from './errors.ts';
import { asksForJson, type Globals } from './options.ts';
import { printDocument, say } from './output.ts';
import { COMMANDS, createProgram } from './program.ts';

/** Runs one command line, `process.argv` without its first two; returns the exit status. Never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  const asked = argv.length === 0 && (await isOnTerminal()) ? ['live'] : argv;
  const program = await createProgram(asked);
  try {
    requireTopic(asked, program);
    await program.parseAsync(isMistaken(asked, program) ? withoutHelp(asked) : asked, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    const helped =
      error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help');
    return helped ? EXIT.ok : fail(error, argv, program);
  }
}

/** Commander shows the help of what comes before an unknown topic of `help`. Throws CliError usage. */
function requireTopic(argv: readonly string[], program: Command): void {
  const at = argv.findIndex((word) => !word.startsWith('-'));
  if (argv[at] !== 'help') return;
  const topics = argv.slice(at + 1);
  const { path, unknown } = commandsIn(topics, program);
  if (unknown === null || unknown === 'help') return;
  const known = path.at(-1)?.commands.map((each) => each.name()) ?? COMMANDS.keys();
  const meant = nearest(unknown, known);
  const above = ['locality-tune', ...path.map((each) => each.name())].join(' ');
  throw usage(
    `help: unknown command '${unknown}'`,
    meant === null ? `see ${above} --help` : `did you mean ${meant}?`,
  );
}

/** Without a terminal, the program without a command prints the help. */
async function isOnTerminal(): Promise<boolean> {
  const { isatty } = await import('node:tty');
  return isatty(0) && isatty(1);
}

/** commander says `error: unknown option '--ifaec'\n(Did you mean --iface?)`. */
function asUsage({ message }: CommanderError, argv: readonly string[], program: Command): CliError {
  const [what = '', ...suggestion] = message.replace(/^error: /, '').split('\n');
  const similar = /\(Did you mean (.*)\?\)/.exec(suggestion.join(' '))?.[1];
  const wrong = /'-*([^']*)'/.exec(what)?.[1] ?? '';
  // Its own measure takes --port for --root.
  const meant = similar?.split(', ').find((each) => nearest(wrong, [each.replace(/^-+/, '')]) !== null);
  return usage(
    what.replace(/\.$/, ''),
    what.includes("'-i'")
      ? '-i is the interval of measure and live; an interface is --iface or -I'
      : meant === undefined
        ? `see ${[program, ...commandsIn(argv, program).path].map((each) => each.name()).join(' ')} --help`
        : `did you mean ${meant}?`,
  );
}

function fail(error: unknown, argv: readonly string[], program: Command): number {
  const failure = error instanceof CommanderError ? asUsage(error, argv, program) : asFailure(error);
  if (process.env['LOCALITY_TUNE_DEBUG'] && error instanceof Error) say(`${error.stack}\n`);
  const { netns = null } = program.opts<Globals>();
  if (asksForJson(argv)) printDocument(failureDocument(commandIn(argv, program), failure, netns), {});
  else say(`${failureText(failure, netns)}\n`);
  return failure.exit;
}

/** `measure skb` is skb, but `xdp status` is xdp-status, as in their documents. null if the command line names none. */
function commandIn(argv: readonly string[], program: Command): string | null {
  const names = commandsIn(argv, program).path.map((command) => command.name());
  return (names[0] === 'measure' ? names.at(-1) : names.join('-')) || null;
}

/** Commander shows the help of what comes before an unknown command, and does not mention it. */
function isMistaken(argv: readonly string[], program: Command): boolean {
  const { unknown } = commandsIn(argv, program);
  return unknown !== null && unknown !== 'help';
}

const withoutHelp = (argv: readonly string[]): readonly string[] =>
  argv.filter((word) => word !== '--help' && word !== '-h');

/** The command that a command line names, below the ones that hold it, and the first word that should name another. */
function commandsIn(argv: readonly string[], program: Command): Named {
  const path: Command[] = [];
  for (let at = 0, within = program; at < argv.length && within.commands.length > 0; at++) {
    const word = argv[at] ?? '';
    if (word === '--') break;
    if (program.options.some((each) => each.required && each.long === word)) at++;
    if (word.startsWith('-')) continue;
    const found = within.commands.find((each) => each.name() === word);
    if (found === undefined) return { path, unknown: word };
    path.push(found);
    within = found;
  }
  return { path, unknown: null };
}

interface Named {
  readonly path: readonly Command[];
  readonly unknown: string | null;
}
