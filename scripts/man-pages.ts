/** The manual pages, from the definitions that `--help` shows: one for the program, one for each command. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { COMMANDS, createProgram } from '../src/cli/program.ts';
import { filled, inline, item, literal, paragraph, section, title } from './roff.ts';

export interface Edition {
  readonly version: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

/** File name -> page. */
export async function manPages(edition: Edition): Promise<ReadonlyMap<string, string>> {
  // Help that names programs is complete only where its command is mentioned.
  const program = await createProgram(['help', ...COMMANDS.keys()]);
  const pages = all(program).map((command): [string, string] => [
    `${nameOf(command)}.1`,
    command === program ? programPage(program, edition) : commandPage(command, edition),
  ]);
  return new Map([...pages, [`${JSON_PAGE}.5`, jsonPage(program, edition)]]);
}

const JSON_PAGE = 'locality-tune-json';

const all = (command: Command): readonly Command[] => [command, ...visible(command).flatMap(all)];

const visible = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');

/** `locality-tune-measure-skb` */
const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)}-${command.name()}`;

/** `locality-tune measure skb` */
const callOf = (command: Command): string =>
  command.parent === null ? command.name() : `${callOf(command.parent)} ${command.name()}`;

const page = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

function programPage(program: Command, edition: Edition): string {
  const { text, examples, rest } = afterHelp(program);
  return page([
    title(program.name(), 1, edition.date, edition.version),
    ...section('NAME', filled(`${program.name()} - see, measure and tune the CPU locality of packets`)),
    ...section('SYNOPSIS', synopsis(program, '[OPTIONS] [COMMAND]')),
    ...section('DESCRIPTION', [
      ...paragraph(program.description()),
      ...paragraph('On a terminal, the program without a command is `live`; elsewhere it prints its help.'),
      ...text,
    ]),
    ...section(
      'COMMANDS',
      visible(program).flatMap((command) => item(reference(command), command.description())),
    ),
    ...section('OPTIONS', optionsOf(program, program.createHelp().visibleOptions(program))),
    ...section(
      'EXIT STATUS',
      EXIT_STATUS.flatMap(([status, when]) => item(`.B ${status}`, when)),
    ),
    ...section(
      'FILES',
      FILES.flatMap(([file, what]) => item(`.I ${inline(file)}`, what)),
    ),
    ...section(
      'ENVIRONMENT',
      ENVIRONMENT.flatMap(([name, what]) => item(`.B ${name}`, what)),
    ),
    ...section('EXAMPLES', examples),
    ...rest,
    ...section('SEE ALSO', [
      ...seeAlso([
        ...visible(program).map((each) => `${nameOf(each)}(1)`),
        `${JSON_PAGE}(5)`,
        'bpftrace(8)',
        'ethtool(8)',
        'ss(8)',
      ]),
    ]),
  ]);
}

const EXIT_STATUS = [
  ['0', 'Success. Also if there was nothing to change.'],
  [
    '1',
    'Failure. Also if `check` finds that the kernel would refuse a program, if `tune` has restored everything, if `status` finds drift, and if `inspect --fail-on` finds something.',
  ],
  ['2', 'Wrong usage.'],
  ['3', 'A check (`status --quiet`, `watch --once`) cannot tell, or nothing is applied.'],
  ['77', 'A privilege is missing for the whole job.'],
  ['130, 143', 'A change was interrupted by SIGINT or SIGTERM, and was restored.'],
] as const;

const FILES = [
  ['/etc/locality-tune.conf', 'Defaults of options, in TOML. None is needed.'],
  [
    '/var/lib/locality-tune',
    'Journals of `apply` and `tune`, plans that are applied at boot, and notes of attached programs.',
  ],
  ['/run/locality-tune', 'The lock, and the sockets of running watchers.'],
] as const;

const ENVIRONMENT = [
  ['NO_COLOR', 'No colours, unless `--color always` is given.'],
  ['FORCE_COLOR', 'Colours also without a terminal.'],
] as const;

function commandPage(command: Command, edition: Edition): string {
  const help = command.createHelp();
  const { text, examples, rest } = afterHelp(command);
  const below = visible(command);
  const own = help.visibleOptions(command);
  return page([
    title(nameOf(command), 1, edition.date, edition.version),
    ...section('NAME', filled(`${nameOf(command)} - ${lowered(command.description())}`)),
    ...section('SYNOPSIS', synopsis(command, usageOf(command))),
    ...section('DESCRIPTION', [
      ...paragraph(`${command.description().replace(/[.?]?$/, (end) => end || '.')}`),
      ...text,
    ]),
    ...section(
      'COMMANDS',
      below.flatMap((each) => item(reference(each), each.description())),
    ),
    ...section(
      'ARGUMENTS',
      command.registeredArguments.filter(({ description }) => description !== '').flatMap(argumentItem),
    ),
    ...section('OPTIONS', optionsOf(command, own)),
    ...section('GLOBAL OPTIONS', optionsOf(command, help.visibleGlobalOptions(command))),
    ...section('EXIT STATUS', filled('As for locality-tune(1).')),
    ...section('EXAMPLES', examples),
    ...rest,
    ...section(
      'SEE ALSO',
      seeAlso(['locality-tune(1)', ...below.map((each) => `${nameOf(each)}(1)`), `${JSON_PAGE}(5)`]),
    ),
  ]);
}

const SCHEMAS = join(import.meta.dirname, '../docs/schemas');

/** The names that JSON Schemas give the documents themselves: `locality-tune.inspect/1`. */
function documentNames(): ReadonlySet<string> {
  const texts = readdirSync(SCHEMAS).map((name) => readFileSync(join(SCHEMAS, name), 'utf8'));
  return new Set(
    texts.flatMap((text) =>
      Array.from(text.matchAll(/"(locality-tune\.[a-z-]+\/1)"/g), ([, name = '']) => name),
    ),
  );
}

/** Of what a command prints: `measure skb` prints skb, `balance status` balance-status, `balance check` what `balance plan` prints. */
function documentOf(command: Command): string {
  const [, ...words] = callOf(command).split(' ');
  const name = (words[0] === 'measure' ? words.slice(1) : words).join('-');
  return `locality-tune.${name.replace('balance-check', 'balance-plan')}/1`;
}

/** What each command prints with --json. */
function jsonPage(program: Command, edition: Edition): string {
  const named = documentNames();
  const printed = Map.groupBy(
    all(program).filter((each) => visible(each).length === 0 && named.has(documentOf(each))),
    documentOf,
  );
  return page([
    title(JSON_PAGE, 5, edition.date, edition.version),
    ...section('NAME', filled(`${JSON_PAGE} - what locality-tune prints as JSON`)),
    ...section('DESCRIPTION', [
      ...paragraph(
        'With `--json` a command prints one JSON document on stdout. `measure`, `live` and `watch` print one object per line. `--pretty` indents it. Messages go to stderr.',
      ),
      ...paragraph(
        'Names are stable: later versions add names, and neither remove nor change them. A reader should ignore names that it does not know.',
      ),
      ...item(
        '.B schema',
        '`locality-tune.COMMAND/1`. The number changes only if an older reader could misunderstand the document.',
      ),
      ...item('.B null', 'Not known. The reason is in `notes` where a user would ask.'),
      ...item('.B percent', '0 to 100 with one decimal; null if nothing was counted.'),
      ...item('.B time', 'ISO 8601, in UTC.'),
      ...item('.B seconds', 'Measured, not asked for.'),
      ...item('.B cpus', 'Sets of CPUs are arrays of numbers.'),
    ]),
    ...section('ERRORS', [
      ...paragraph('A command that fails prints this on stdout:'),
      ...literal([
        '{ "schema": "locality-tune.attach/1",',
        '  "error": { "code": "not-reuseport", "message": "...", "hint": "..." } }',
      ]),
      ...paragraph(
        '`code` is the name of an error of a system call, such as EPERM, or one of the codes of this program. `hint` is null if there is no remedy.',
      ),
    ]),
    ...section(
      'DOCUMENTS',
      [...printed].flatMap(([name, commands]) =>
        item(`.B ${inline(name)}`, `printed by ${commands.map((each) => `${nameOf(each)}(1)`).join(', ')}`),
      ),
    ),
    ...section('FILES', [
      ...item('.B locality\\-tune.recording/1', 'the first line of a file that `live --record` writes'),
      ...item('.B locality\\-tune.saved/1', 'written by `plan --save` and `apply --persist`'),
    ]),
    ...section(
      'SCHEMAS',
      paragraph(
        '`locality-tune schema` lists the JSON Schemas of all documents and files, and `locality-tune schema NAME` prints one.',
      ),
    ),
    ...section('SEE ALSO', seeAlso(['locality-tune(1)', 'jq(1)'])),
  ]);
}

const synopsis = (command: Command, rest: string): string[] => [
  `.B ${inline(callOf(command))}`,
  inline(rest),
];

function usageOf(command: Command): string {
  const words = command.registeredArguments
    .filter(({ description }) => description !== '')
    .map(
      (each) =>
        `${each.required ? '' : '['}${each.name().toUpperCase()}${each.variadic ? '...' : ''}${each.required ? '' : ']'}`,
    );
  return ['[OPTIONS]', ...(visible(command).length > 0 ? ['COMMAND'] : []), ...words].join(' ');
}

const argumentItem = (argument: Argument): string[] =>
  item(`.I ${inline(argument.name().toUpperCase())}`, argument.description);

/** `-I, --iface <name>` with the names in bold and the value in italics. */
function optionsOf(command: Command, options: readonly Option[]): string[] {
  const help = command.createHelp();
  return options.flatMap((option) => {
    const term = option.flags
      .split(/\s+/)
      .map((word) =>
        /^[<[]/.test(word)
          ? `\\fI${inline(word.replace(/[<>]/g, ''))}\\fR`
          : `\\fB${inline(word.replace(/,$/, ''))}\\fR${word.endsWith(',') ? ',' : ''}`,
      )
      .join(' ');
    return item(term, help.optionDescription(option));
  });
}

/** `Show how` -> `show how`, but not `UDP sockets: …` */
const lowered = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.slice(0, 1).toLowerCase() + text.slice(1) : text;

const reference = (command: Command): string => `\\fB${inline(nameOf(command))}\\fR(1)`;

/** @param names as `ss(8)` */
const seeAlso = (names: readonly string[]): string[] =>
  names.map((name, at) => `.BR ${inline(name).replace('(', ' (')}${at < names.length - 1 ? ',' : ''}`);

interface AfterHelp {
  readonly text: string[];
  readonly examples: string[];
  /** What follows the examples, in sections of its own. */
  readonly rest: string[];
}

/** The text below the options, in which two spaces begin a line that must stay as it is. */
function afterHelp(command: Command): AfterHelp {
  let written = '';
  command.configureOutput({ writeOut: (text) => (written += text) }).outputHelp();
  const blocks = written
    .slice(command.helpInformation().length)
    .trim()
    .split(/\n\s*\n/)
    .filter((block) => block !== '');
  const at = blocks.findIndex((block) => /^Examples?:/.test(block));
  const before = at < 0 ? blocks : blocks.slice(0, at);
  const after = at < 0 ? [] : blocks.slice(at + 1).filter((block) => !block.startsWith('Exit status:'));
  return {
    text: before.flatMap(blockLines),
    examples: at < 0 ? [] : blockLines((blocks[at] ?? '').replace(/^.*\n/, '')),
    rest: section('NOTES', after.flatMap(blockLines)),
  };
}

function blockLines(block: string): string[] {
  const runs: { readonly isLiteral: boolean; readonly lines: string[] }[] = [];
  for (const line of block.split('\n')) {
    const isLiteral = line.startsWith('  ');
    const last = runs.at(-1);
    if (last?.isLiteral === isLiteral) last.lines.push(line);
    else runs.push({ isLiteral, lines: [line] });
  }
  return runs.flatMap(({ isLiteral, lines }) =>
    isLiteral ? literal(lines.map((line) => line.slice(2))) : paragraph(lines.join(' ')),
  );
}
