/** What is printed where: documents and text on stdout, progress and failures on stderr. */
import { writeSync } from 'node:fs';
import { paint } from '../report/style.ts';
import { clean, type Line, type Style } from '../report/text.ts';
import { isErrno } from '../system/errors.ts';
import { printableJson, printableLines } from '../words/printable.ts';
import { asFailure, during, EXIT, failureText } from './errors.ts';
import type { ColorWhen, Globals, OutputOptions } from './options.ts';

const RETRY_MS = 10;

export function printDocument(document: object, { pretty }: Pick<Globals, 'pretty'>): void {
  write(1, `${printableJson(JSON.stringify(document, null, pretty ? 2 : undefined))}\n`);
}

export function printLines(lines: readonly Line[], style: Style): void {
  write(1, lines.map((line) => `${paint(line, style)}\n`).join(''));
}

type Environment = Readonly<Record<string, string | undefined>>;
/** What a stream to a terminal has and a pipe has not. */
type Terminal = Readonly<{ isTTY?: boolean; columns?: number }>;

/**
 * How to write on `stream`. Lines are at most 100 columns, for a pipe always 100, so that a saved report reads the
 * same everywhere. Symbols beyond ASCII only where the locale says UTF-8 (locale(7): LC_ALL, LC_CTYPE, LANG in turn).
 */
export function styleOf(when: ColorWhen, stream: Terminal, environment: Environment): Style {
  const terminal = stream.isTTY === true;
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return {
    color: when === 'always' || (when === 'auto' && wantsColor(terminal, environment)),
    rules: terminal,
    unicode: /utf-?8/i.test(locale),
    columns: terminal && stream.columns ? Math.min(100, Math.max(60, stream.columns)) : 100,
  };
}

/** FORCE_COLOR before NO_COLOR, as Node's own getColorDepth does; both count only when they are not empty. */
function wantsColor(terminal: boolean, environment: Environment): boolean {
  const force = environment['FORCE_COLOR'];
  if (force) return force !== '0' && force !== 'false';
  return terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}

/** A passing word while something takes seconds; only for a person who watches. Returns what takes it away again. */
export function progress(text: string): () => void {
  if (!process.stderr.isTTY) return () => {};
  say(text);
  // To the line's beginning, and erase it (ECMA-48 8.3.41).
  return () => write(2, '\r\x1b[K');
}

/** To the file that was asked for, or to stdout. Throws CliError. */
export async function save(content: string, { output, force }: OutputOptions, mode?: number): Promise<void> {
  if (output === undefined || output === '-')
    return process.stdout.isTTY ? print(content) : write(1, content);
  const { saveFile } = await import('../system/save.ts');
  await during(`-o ${output}`, 'write access to its folder', () =>
    saveFile(output, content, force === true, mode),
  );
}

/** Prints each sentence to stderr the first time it comes: a document repeats its notes, a screen need not. */
export function createNotePrinter(): (notes: readonly string[]) => void {
  const printed = new Set<string>();
  return (notes) => {
    for (const note of notes)
      if (!printed.has(note)) {
        printed.add(note);
        say(`note: ${clean(note, true)}\n`);
      }
  };
}

/** Measured seconds as documents show them. */
export const toMilliseconds = (seconds: number): number => Math.round(1000 * seconds) / 1000;

/** To stdout; names in it may be anybody's. */
export const print = (text: string): void => write(1, printableLines(text));

/** To stderr; likewise. */
export const say = (text: string): void => write(2, printableLines(text));

/** What a lost reader means: null, it ends the process; else what to do, and the process goes on. */
let onLostReader: (() => void) | null = null;

/**
 * From now on no output ends the process, since what it changes must be kept whole or taken back. `lost` hears, once,
 * that the terminal has gone; what is written from then on is dropped.
 */
export function outliveOutput(lost: () => void): void {
  onLostReader = lost;
}

/** By the system call: to set up process.stdout takes Node 3 ms for a file, 8 for a pipe. */
function write(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (!isErrno(error, 'EAGAIN')) {
        afterFailedWrite(fd, error);
        return;
      }
      // Another process has made the pipe that we share non-blocking, and it is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** How writing to a terminal fails that has been closed: a hang-up of tty_io.c, and a descriptor that is gone. */
const HUNG_UP = ['EIO', 'ENXIO', 'EBADF'] as const;

/** `| head` closes the pipe early, which is no failure of ours; a full disk is one, but no bug. */
function afterFailedWrite(fd: 1 | 2, error: unknown): void {
  if (onLostReader !== null) {
    if (isErrno(error, ...HUNG_UP)) onLostReader();
    else if (fd === 1 && !isErrno(error, 'EPIPE')) process.exitCode ??= EXIT.failed;
    return;
  }
  // Where messages cannot be written, the exit status still says how it ended.
  if (fd === 2) return;
  if (isErrno(error, 'EPIPE')) process.exit();
  say(`${failureText(asFailure(error, 'write stdout'))}\n`);
  process.exit(EXIT.failed);
}
