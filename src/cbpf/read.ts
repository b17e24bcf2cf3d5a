/** Reads a program in any common form, and recognises the form by its look. */
import { type Assembled, assemble, type NotAssembled, type Syntax } from './assemble.ts';
import { decode, MAX_INSTRUCTIONS } from './instruction.ts';
import { isDump, type NumberForm, readNumbers } from './numbers.ts';
import { skipBlanks } from './skip.ts';

/**
 * `asm` as bpf_asm accepts it; `decimal` as it prints it, with a count in front (also iptables, tc, tcpdump -ddd); `c`
 * initialisers (bpf_asm -c, tcpdump -dd); `hex`: words, four to an instruction (ss -0b), whole instructions as 64-bit
 * words, or a dump of the bytes; `raw` struct sock_filter as this machine stores it in memory.
 */
export type InputForm = 'asm' | NumberForm | 'raw';

export type ProgramReading = (Assembled | NotAssembled) & {
  readonly form: InputForm;
  /** What the problems' places point into; empty for `raw`. */
  readonly text: string;
};

/** Never throws. `offsets` are given for assembler text only. */
export function read(input: string | Uint8Array, syntax: Syntax = {}): ProgramReading {
  if (typeof input !== 'string' && input.includes(0)) return { ...readRaw(input), form: 'raw', text: '' };
  const text = typeof input === 'string' ? input : decodeText(input);
  const form = recognise(text);
  return { ...(form === 'asm' ? assemble(text, syntax) : readNumbers(text, form)), form, text };
}

/** The high byte of every code that the kernel knows is 0, so raw programs contain zero bytes and texts do not. */
function readRaw(bytes: Uint8Array): Assembled | NotAssembled {
  const count = bytes.length / 8;
  if (Number.isInteger(count) && count <= MAX_INSTRUCTIONS) {
    return { program: decode(bytes), offsets: [], warnings: [], error: null };
  }
  const what = Number.isInteger(count)
    ? `${count} instructions; the kernel accepts at most ${MAX_INSTRUCTIONS}`
    : `${bytes.length} bytes, which is not a whole number of instructions`;
  const expected = 'assembler text, or struct sock_filter of 8 bytes an instruction';
  return { error: { place: null, message: `binary data: ${what}`, expected }, warnings: [] };
}

/** bpf_asm reads bytes, so it accepts comments in any encoding. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** A declaration in front of initialisers: `static struct sock_filter code[] = {`. */
const DECLARATION = /^[A-Za-z_][\w\s*[\]]{0,200}=\s*\{/;

/** By the first word outside comments: an assembler instruction begins with a letter, and has no brace. */
function recognise(text: string): 'asm' | NumberForm {
  const start = skipBlanks(text, 0);
  const beginning = text.slice(start, start + 300);
  if (beginning.startsWith('{') || DECLARATION.test(beginning)) return 'c';
  if (isDump(text)) return 'hex';
  if (!/^[0-9]/.test(beginning)) return 'asm';
  return /^0x/i.test(beginning) ? 'hex' : 'decimal';
}
