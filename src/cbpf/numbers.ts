/** Programs written as numbers: decimal with a count, C initialisers, words and dumps in hex. */
import type { Assembled, NotAssembled } from './assemble.ts';
import { decode, type Instruction } from './instruction.ts';
import { locator } from './problem.ts';
import { skipBlanks } from './skip.ts';

export type NumberForm = 'decimal' | 'c' | 'hex';

interface NumberToken {
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

/** Why reading stopped, and where. */
interface Stop {
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
}

type Result = readonly Instruction[] | Stop;

/** Never throws. */
export function readNumbers(text: string, form: NumberForm): Assembled | NotAssembled {
  const program = form === 'c' ? readC(text) : isDump(text) ? readDump(text) : readWords(text, form);
  if ('message' in program) {
    const { offset, message, expected } = program;
    return { error: { place: locator(text)(offset), message, expected }, warnings: [] };
  }
  return { program, offsets: [], warnings: [], error: null };
}

/** Decimal numbers do not begin with a zero and have at most ten digits; anything else is a dump of bytes. */
export function isDump(text: string): boolean {
  return /^[0-9a-f\s]+$/i.test(text) && /[a-f]|(?<!\S)0[0-9]|[0-9]{11}/i.test(text);
}

/** As `xxd -p` or `od -t x1 -An` print them. */
function readDump(text: string): Result {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 16 === 0) return decode(Uint8Array.from(Buffer.from(digits, 'hex')));
  const message = `${digits.length} hex digits are not a whole number of instructions`;
  return { offset: text.length, message, expected: '16 digits for each' };
}

function readC(text: string): Result {
  const program: Instruction[] = [];
  let at = text.indexOf('{');
  while (at < text.length) {
    const mark = text.charAt(at);
    if (!'{},;'.includes(mark)) return unexpected(text, at, "'{'");
    at = skipBlanks(text, at + 1);
    if (mark === '{' && text.charAt(at) !== '{') {
      const numbers: NumberToken[] = [];
      for (const end of ',,,}') {
        const number = readNumber(text, at);
        if ('message' in number) return number;
        numbers.push(number);
        at = skipBlanks(text, number.end);
        if (text.charAt(at) !== end) return unexpected(text, at, `'${end}'`);
        at = skipBlanks(text, at + 1);
      }
      const fields = toInstruction(numbers);
      if ('message' in fields) return fields;
      program.push(fields);
    }
  }
  return program;
}

/** Four numbers per instruction, with or without a count in front; or one 64-bit number each. */
function readWords(text: string, form: NumberForm): Result {
  const numbers: NumberToken[] = [];
  const start = skipBlanks(text, 0);
  for (let at = start; at < text.length; ) {
    const number = readNumber(text, at);
    if ('message' in number) return number;
    numbers.push(number);
    at = skipBlanks(text, number.end);
    if (text.charAt(at) === ',') at = skipBlanks(text, at + 1);
  }
  const [first] = numbers;
  const counted =
    form === 'decimal' &&
    first !== undefined &&
    /^[ \t\r]*(?:[,\n]|$)/.test(text.slice(first.end, first.end + 80));
  const rest = counted ? numbers.slice(1) : numbers;
  if (form === 'hex' && rest.some(({ value }) => value > 0xffffffff))
    return rest.map((token) => fromWord(text, token));
  if (rest.length % 4 !== 0) {
    const message = `${rest.length} numbers are not a whole number of instructions`;
    return { offset: text.length, message, expected: 'four numbers for each: code, jt, jf, k' };
  }
  if (counted && first.value !== rest.length / 4) {
    const message = `the count says ${first.value} instructions, and there are ${rest.length / 4}`;
    return { offset: first.start, message, expected: `'${rest.length / 4}'` };
  }
  const program: Instruction[] = [];
  for (let index = 0; index < rest.length; index += 4) {
    const fields = toInstruction(rest.slice(index, index + 4));
    if ('message' in fields) return fields;
    program.push(fields);
  }
  return program;
}

/** struct sock_filter as one little-endian number. */
function fromWord(text: string, { start, end }: NumberToken): Instruction {
  const word = BigInt.asUintN(64, BigInt(text.slice(start, end)));
  const field = (shift: bigint, bits: number) => Number(BigInt.asUintN(bits, word >> shift));
  return [field(0n, 16), field(16n, 8), field(24n, 8), field(32n, 32)];
}

const FIELDS = [
  { name: 'code', most: 0xffff },
  { name: 'jt', most: 0xff },
  { name: 'jf', most: 0xff },
  { name: 'k', most: 0xffffffff },
];

function toInstruction(numbers: readonly NumberToken[]): Instruction | Stop {
  for (const [index, { name, most }] of FIELDS.entries()) {
    const number = numbers[index];
    if (number !== undefined && number.value > most) {
      return {
        offset: number.start,
        message: `${name} is ${number.value}`,
        expected: `a number up to ${most}`,
      };
    }
  }
  const [code = 0, jt = 0, jf = 0, k = 0] = numbers.map(({ value }) => value);
  return [code, jt, jf, k];
}

const NUMBER = /0x[0-9a-f]{1,16}(?![0-9a-z_])|(?:0+|[1-9][0-9]{0,15})(?![0-9a-z_])/iy;

/** Hex or decimal; a zero may have several digits, as bpf_asm -c writes it. */
function readNumber(text: string, at: number): NumberToken | Stop {
  NUMBER.lastIndex = at;
  if (!NUMBER.test(text)) return unexpected(text, at, 'a number, decimal or hex');
  const end = NUMBER.lastIndex;
  return { start: at, end, value: Number(text.slice(at, end)) };
}

function unexpected(text: string, offset: number, expected: string): Stop {
  const word = /^(?:\w+|[\s\S])?/.exec(text.slice(offset, offset + 40))?.[0] ?? '';
  return { offset, message: word === '' ? 'the text ends' : `found '${word}'`, expected };
}
