/** Every command line of the documentation and of the help is one that the program accepts. */
import { type Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../../src/cli/errors.ts';
import { commandTree } from '../../../src/cli/program.ts';
import { argumentsIn, codeLines, PAGES, spans } from './pages.ts';

/** Words that stand for something of the reader's, and one that could be there. */
const STANDS_FOR: readonly (readonly [RegExp, string])[] = [
  [/^(PID|FD|PORT|N|SECONDS)$/, '5'],
  [/^ADDRESS:PORT$/, '127.0.0.1:9884'],
  [/^DURATION$/, '30m'],
  [/^6d:5a:…$/, '6d:5a:56:da:25:5b:0e:c2:41:67:25:3d'],
];

/** What is wrong with the arguments; null if the program would run. Nothing runs. */
async function refusal(args: readonly string[]): Promise<string | null> {
  const program = await commandTree([]);
  const ready = (command: Command): void => {
    command.action(() => {});
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} }).exitOverride();
    command.commands.forEach(ready);
  };
  program.commands.forEach((command) => {
    if (command.commands.length === 0) ready(command);
    else command.commands.forEach(ready);
  });
  const given = args.map((word) => STANDS_FOR.find(([stands]) => stands.test(word))?.[1] ?? word);
  try {
    await program
      .configureOutput({ writeOut: () => {}, writeErr: () => {} })
      .parseAsync(given, { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 || error.code === 'commander.help' ? null : error.message;
    if (error instanceof CliError) return error.message;
    throw error;
  }
}

async function refusals(all: readonly (readonly string[])[], passes: (why: string) => boolean = () => false) {
  const found = await Promise.all(all.map(async (args) => [args.join(' '), await refusal(args)] as const));
  return found
    .filter(([, why]) => why !== null && !passes(why))
    .map(([args, why]) => `locality-tune ${args}: ${why}`);
}

describe('the program accepts the commands', () => {
  it.each([...PAGES])('in the code of %s', async (_, page) => {
    expect(await refusals(codeLines(page).flatMap(argumentsIn))).toEqual([]);
  });

  it.each([...PAGES])('in the text of %s', async (_, page) => {
    // In the text a command may be named without its arguments.
    const short = (why: string) => /missing required argument|required option/.test(why);
    expect(await refusals(spans(page).flatMap(argumentsIn), short)).toEqual([]);
  });

  it('in the examples of each help', async () => {
    const texts: string[] = [];
    const read = (command: Command): void => {
      command.configureOutput({ writeOut: (text) => texts.push(text) }).outputHelp();
      command.commands.forEach(read);
    };
    read(await commandTree([]));
    const examples = texts.flatMap((text) =>
      text.split('\n').map((line) => line.trim().split(/ {2,}/)[0] ?? ''),
    );
    const all = examples.filter((line) => /^(sudo )?locality-tune /.test(line)).flatMap(argumentsIn);
    expect(all.length).toBeGreaterThan(60);
    expect(await refusals(all)).toEqual([]);
  });
});

it('finds an option and a command that do not exist', async () => {
  expect(
    await refusals(
      argumentsIn("echo x | sudo locality-tune inspect --ifaec 'eth0' | cat; locality-tune inspcet # --no"),
    ),
  ).toEqual([
    "locality-tune inspect --ifaec eth0: error: unknown option '--ifaec'\n(Did you mean --iface?)",
    "locality-tune inspcet: error: unknown command 'inspcet'\n(Did you mean inspect?)",
  ]);
});
