/** Documents and text go to stdout, progress and failures to stderr. */
import { writeSync } from 'node:fs';
import type { NamedNetns } from '../host/netns-target.ts';
import { paint } from '../report/style.ts';
import { clean, type Line, paragraph, type Style } from '../report/text.ts';
import { isErrno } from '../system/errors.ts';
import { mentionInDocument, mentionNetns } from '../words/in-netns.ts';
import { printableJson, printableLines } from '../words/printable.ts';
import type { AnyDocument } from './documents.ts';
import { asFailure, during, EXIT, failureText } from './errors.ts';
import type { ColorWhen, Globals, OutputOptions } from './options.ts';

const RETRY_MS = 10;

/** As `--netns` named it; null: the user's own. */
let entered: NamedNetns | null = null;

/** From now on sentences name this network namespace in the commands that they mention. */
export function speakOutside(netns: NamedNetns): void {
  entered = netns;
}

/** A sentence that is printed by itself; `styleOf` does the same for paragraphs. */
export const forOutside = (sentence: string): string => mentionNetns(sentence, entered);

/** Its sentences name the network namespace. @param prefix of the line, such as a priority for journald */
export function printDocument(document: AnyDocument, { pretty }: Pick<Globals, 'pretty'>, prefix = ''): void {
  const outside = mentionInDocument(document, entered);
  write(1, `${prefix}${printableJson(JSON.stringify(outside, null, pretty ? 2 : undefined))}\n`);
}

/** Of a view that is drawn again from the top; only for a terminal. */
export const clearScreen = (): void => {
  write(1, '\x1b[H\x1b[2J');
};

export function printLines(lines: readonly Line[], style: Style): void {
  write(1, lines.map((line) => `${paint(line, style)}\n`).join(''));
}

type Environment = Readonly<Record<string, string | undefined>>;
/** What a terminal stream has and a pipe does not. */
type Terminal = Readonly<{ isTTY?: boolean; columns?: number }>;

/**
 * How to write on `stream`. Lines of prose have at most 100 columns, for a pipe always 100, so that a saved report looks
 * the same everywhere. Tables use the whole width of a terminal; in a pipe nothing of them is cut, for grep and awk. Symbols beyond ASCII are used only if the locale says UTF-8 (locale(7): LC_ALL, LC_CTYPE, LANG in
 * turn).
 */
export function styleOf(when: ColorWhen, stream: Terminal, environment: Environment): Style {
  const terminal = stream.isTTY === true;
  const width = terminal && stream.columns ? Math.max(60, stream.columns) : 100;
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return {
    color: when === 'always' || (when === 'auto' && wantsColor(terminal, environment)),
    rules: terminal,
    unicode: /utf-?8/i.test(locale),
    columns: Math.min(100, width),
    tableColumns: terminal ? width : Number.POSITIVE_INFINITY,
    ...(entered && { netns: entered }),
  };
}

/** FORCE_COLOR overrides NO_COLOR, as in Node's own getColorDepth; both count only if they are not empty. */
function wantsColor(terminal: boolean, environment: Environment): boolean {
  const force = environment['FORCE_COLOR'];
  if (force) return force !== '0' && force !== 'false';
  return terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}

/** Shows a message while something takes seconds; only on a terminal. Returns a function that removes it. */
export function progress(text: string): () => void {
  if (!process.stderr.isTTY) return () => {};
  say(text);
  // Go to the beginning of the line and erase it (ECMA-48 8.3.41).
  return () => write(2, '\r\x1b[K');
}

/** Writes to the file of --output, or to stdout. Throws CliError. */
export async function save(content: string, { output, force }: OutputOptions, mode?: number): Promise<void> {
  if (output === undefined || output === '-')
    return process.stdout.isTTY ? print(content) : write(1, content);
  const { saveFile } = await import('../system/save.ts');
  await during(`-o ${output}`, 'write access to its folder', () =>
    saveFile(output, content, force === true, mode),
  );
}

/** Prints each sentence to stderr only the first time: documents repeat their notes, a screen should not. */
export function createNotePrinter(): (notes: readonly string[]) => void {
  const printed = new Set<string>();
  return (notes) => {
    for (const note of notes)
      if (!printed.has(note)) {
        printed.add(note);
        sayParagraph('note: ', note);
      }
  };
}

/** A message on stderr: one line for a log, broken at words on a terminal. */
export function sayParagraph(lead: string, text: string): void {
  if (!process.stderr.isTTY) {
    say(`${lead}${clean(forOutside(text), true)}\n`);
    return;
  }
  const style = styleOf('never', process.stderr, process.env);
  say(
    paragraph(lead, text, style)
      .map((line) => `${paint(line, style)}\n`)
      .join(''),
  );
}

/** Measured seconds, rounded as documents show them. */
export const toMilliseconds = (seconds: number): number => Math.round(1000 * seconds) / 1000;

/** Prints to stdout; names in the text may come from anybody. */
export const print = (text: string): void => write(1, printableLines(text));

/** Prints to stderr; names in the text may come from anybody. */
export const say = (text: string): void => write(2, printableLines(text));

/** What to do when the reader is lost, while the process goes on; null: end the process. */
let onLostReader: (() => void) | null = null;

/**
 * From now on a failed write does not end the process, because its changes must be completed or restored. `lost` is
 * called once when the terminal has gone; later output is dropped.
 */
export function outliveOutput(lost: () => void): void {
  onLostReader = lost;
}

/** A read from the terminal, or a write to it, has found it gone. */
export const lostReader = (): void => onLostReader?.();

/** Writes by the system call, because setting up process.stdout takes Node 3 ms for a file and 8 ms for a pipe. */
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
      // Another process has made our shared pipe non-blocking, and it is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** Errors of a write to a closed terminal: a hang-up (tty_io.c), and a descriptor that is gone. */
const HUNG_UP = ['EIO', 'ENXIO', 'EBADF'] as const;

/** `| head` closes the pipe early, which is not a failure; a full disk is a failure, but not a bug. */
function afterFailedWrite(fd: 1 | 2, error: unknown): void {
  if (onLostReader !== null) {
    if (isErrno(error, ...HUNG_UP)) onLostReader();
    else if (fd === 1 && !isErrno(error, 'EPIPE')) process.exitCode ??= EXIT.failed;
    return;
  }
  // If messages cannot be written, the exit status still shows how it ended.
  if (fd === 2) return;
  if (isErrno(error, 'EPIPE')) process.exit();
  say(`${failureText(asFailure(error, 'write stdout'))}\n`);
  process.exit(EXIT.failed);
}
