/** The options that every command has, and the checks of values that several commands share. */
import type { Command } from 'commander';
import type { NamedNetns } from '../host/netns-target.ts';
import { usage } from './errors.ts';

export const COLOR_WHEN = ['auto', 'always', 'never'] as const;
export type ColorWhen = (typeof COLOR_WHEN)[number];

/** `command.optsWithGlobals<Globals & …>()` in an action. */
export interface Globals {
  readonly json?: true;
  /** Indented JSON; implies `json`, as in bpftool. */
  readonly pretty?: true;
  readonly color: ColorWhen;
  /** Instead of /etc/locality-tune.conf. */
  readonly config?: string;
  readonly netns?: NamedNetns;
  /** Directory of a captured tree; main refuses it for commands that make changes. */
  readonly root?: string;
}

/** For commands that read a snapshot instead of a machine: they call `addFrom`. */
export interface SourceOptions extends Globals {
  readonly from?: string;
}

export const addFrom = (command: Command): Command =>
  command.option(
    '--from <file>',
    'read a snapshot instead of this machine (made by `locality-tune snapshot`)',
  );

/** For commands that write a file: they call `addOutput`. */
export interface OutputOptions {
  /** Absent or `-`: stdout. */
  readonly output?: string;
  readonly force?: true;
}

export const addOutput = (command: Command): Command =>
  command
    .option('-o, --output <file>', 'write to this file (default: stdout, also -)')
    .option('--force', 'overwrite an existing file');

/** Integer in [low, high] in plain decimal: `0x50`, `1e3` and ` 80` are typos, not numbers. */
export function integer(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw usage(`${name} '${text}': must be a whole number from ${low} to ${high}`);
  };
}

export const port = integer('--port', 1, 65_535);

/** Seconds, fractions allowed, in [0, high]. */
/** @param low where 0 means "not at all" it is 0; a length of time is longer */
export function seconds(name: string, high: number, low = 0): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw usage(`${name} '${text}': must be a number of seconds from ${low} to ${high}`);
  };
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return previous.includes(value) ? previous : [...previous, value];
}

/** Options of the whole program; commander takes them before and after the command's name. */
export function addGlobals(program: Command): Command {
  return program
    .option('-j, --json', 'print one JSON document (live commands: one object per line)')
    .option('-p, --pretty', 'print JSON indented')
    .option(
      '--color <when>',
      'auto, always or never; auto follows NO_COLOR and FORCE_COLOR',
      colorWhen,
      'auto',
    )
    .option('--config <file>', 'take defaults from FILE instead of /etc/locality-tune.conf')
    .option(
      '--netns <name|pid|container>',
      'work in this network namespace: a name from `ip netns`, the pid of a process in it, or a container (its ' +
        'name, its id or the beginning of it, a pod)',
      // main finds out what it is.
      (asked) => ({ asked, pid: null }),
    )
    .option(
      '--root <dir>',
      'read a copy of /proc and /sys (a directory, .tar or .tar.gz) instead of this machine',
    );
}

function colorWhen(text: string): ColorWhen {
  const when = COLOR_WHEN.find((known) => known === text);
  if (when === undefined) throw usage(`--color '${text}': must be one of ${COLOR_WHEN.join(', ')}`);
  return when;
}

/** Does the command line ask for JSON? For command lines that cannot be parsed. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).some((word) => /^(--json|--pretty|-[jp]+)$/.test(word));
}

/** `--interval`. Throws CliError usage. */
export function intervalSeconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.1 && value <= 86_400) return value;
  throw usage(`--interval '${text}': must be a number of seconds from 0.1 to 86400`);
}
