/** Reads the program that a command works on: from a file or stdin, in any form. */
import { open } from 'node:fs/promises';
import type { Assembled, Syntax } from '../../cbpf/assemble.ts';
import { check } from '../../cbpf/check.ts';
import { caretLines, locator, type Problem, problemText } from '../../cbpf/problem.ts';
import { type ProgramReading, read } from '../../cbpf/read.ts';
import { clean } from '../../report/text.ts';
import { refuseNamedPipe } from '../../system/read-whole.ts';
import { cliFailure, during } from '../errors.ts';
import type { Globals } from '../options.ts';
import { say } from '../output.ts';

/** The largest program that the kernel accepts fits into 600 kB, with room for comments; /dev/zero does not. */
const LARGEST = 4 << 20;

export type ProgramInput = Extract<ProgramReading, Assembled> & {
  /** The name for messages. */
  readonly name: string;
};

/**
 * Warnings go to stderr, and so does the faulty line before a failure, unless JSON was requested. Throws CliError
 * `syntax` if it is not a program, `too-large`, or the code of the system call.
 * @param file `-` is stdin
 */
export async function readProgram(
  file: string,
  { json, pretty, semicolons = false }: Pick<Globals, 'json' | 'pretty'> & Syntax = {},
): Promise<ProgramInput> {
  const name = file === '-' ? 'stdin' : file;
  const bytes = await during(`read ${name}`, 'read access to the file', () => readAll(file));
  if (bytes === null)
    throw cliFailure('too-large', `${name}: larger than ${LARGEST >> 20} MiB, so it cannot be a program`);
  const reading = read(bytes, { semicolons });
  const quiet = json === true || pretty === true;
  if (!quiet)
    for (const warning of reading.warnings) show(`warning: ${problemText(warning, name)}`, reading, warning);
  if (reading.error === null) return { ...reading, name };
  if (!quiet) show(null, reading, reading.error);
  const { message, expected, place } = reading.error;
  const what = problemText({ place, message, expected: null }, name);
  throw cliFailure('syntax', what, expected === null ? null : `expected ${expected}`);
}

/** Null if it does not end. */
async function readAll(file: string): Promise<Uint8Array | null> {
  if (file !== '-') refuseNamedPipe(file);
  const stream = file === '-' ? process.stdin : (await open(file)).createReadStream();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST) return null;
  }
  return Buffer.concat(chunks);
}

function show(message: string | null, { text }: ProgramReading, { place }: Problem): void {
  const lines = [...(message === null ? [] : [message]), ...caretLines(text, place)];
  say(lines.map((line) => `${clean(line, true)}\n`).join(''));
}

/** Throws CliError `refused` if the kernel would say EINVAL. */
export function refuseUnacceptable({ program, offsets, name, text }: ProgramInput): void {
  const [first, ...more] = check(program);
  if (first === undefined) return;
  const offset = first.index === null ? undefined : offsets[first.index];
  const place = offset === undefined ? null : locator(text)(offset);
  const which = first.index === null ? '' : `instruction ${first.index}: `;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const message = `the kernel would refuse this: ${which}${first.message}${others}`;
  throw cliFailure(
    'refused',
    problemText({ place, message, expected: null }, name),
    '`locality-tune check` lists everything that is wrong',
  );
}

/** Problems for JSON. */
export function problemDocument({ place, message, expected }: Problem) {
  return { line: place?.line ?? null, column: place?.column ?? null, message, expected };
}
