/** Programs whose results show whether the simulator does what the kernel does. */
import fc from 'fast-check';
import { assemble } from '../../src/cbpf/assemble.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';

export function asm(text: string): readonly Instruction[] {
  const { error, ...assembled } = assemble(text, { semicolons: true });
  if (error !== null || !('program' in assembled)) throw new Error(`${text}: ${error?.message}`);
  return assembled.program;
}

/**
 * One program of many: the case is what `selector` leaves in A, and each begins with A = X = 0.
 * @param show what every case ends with
 */
export function dispatch(cases: readonly string[], selector: string, show: string): Instruction[] {
  const parts = cases.map((body) => asm(`ld #0; ldx #0; ${body}; ${show}`));
  let distance = 2 * cases.length;
  const jumps = parts.flatMap((part, index): Instruction[] => {
    const jump = distance - 2 * index - 1;
    distance += part.length;
    return [
      [0x15, 0, 1, index],
      [0x05, 0, 0, jump],
    ];
  });
  return [...asm(selector), ...jumps, ...asm('ret #0'), ...parts.flat()];
}

/** Eight bits of A, which the packet's first byte chooses, as 1 to 256: a filter's result is a length. */
export const REVEAL = 'st M[15]; ldb [0]; mul #8; tax; ld M[15]; rsh x; and #0xff; add #1; ret a';
export const PARTS = [0, 1, 2, 3];
export const PACKET_BYTES = 300;

/** Each ends a program early, or comes near to it. Packets are 300 bytes long. */
export const EDGES: readonly string[] = [
  ...['ldb [295]', 'ldb [299]', 'ldb [300]', 'ldh [298]', 'ldh [299]', 'ld [296]', 'ld [297]'],
  ...['ld [2147483647]', 'ldb [2147483632]', 'ldxb 4*([299]&0xf); txa', 'ldxb 4*([300]&0xf); txa'],
  ...[
    'ldx #299; ldb [x + 0]',
    'ldx #299; ldh [x + 0]',
    'ldx #299; ld [x + -3]',
    'ldx #0x7fffffff; ldb [x + 0]',
  ],
  ...['ldx #0x80000000; ldb [x + 0]', 'ldx #0x80000000; ldb [x + -2147483647]', 'ldx #1; ldb [x + -2097153]'],
  ...['ld [-2097153]', 'ld [-2147483648]', 'div x', 'mod x', 'ld #7; ldx #0; div x'],
  ...['ld #0xffffffff; ldx #0xffffffff; div x', 'ld #0x80000000; ldx #0xffffffff; mod x'],
  ...['ld #0x80000000; div #0xffffffff', 'ld #1; ldx #32; lsh x', 'ld #0x80000001; ldx #63; rsh x'],
  ...['ld #3; ldx #0xffffffff; lsh x', 'ld #0x80000000; neg', 'ld #0x80000000; mul #3', 'sub #1; add #2'],
  ...['ld #0x80000000; jgt #1, yes; add #5; yes: add #9', 'ld #1; jge #0x80000000, yes; add #5; yes: add #9'],
  ...[
    'ld #0x80000000; jset #0x80000000, yes; add #5; yes: add #9',
    'ldx #0x80000000; jgt x, yes; add #5; yes: add #9',
  ],
];

const number = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 65_536),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const one = (...codes: number[]) => fc.constantFrom(...codes);

/** An instruction without jumps. */
const plain = ([code, k = 0]: readonly number[]): Instruction => [code ?? 0, 0, 0, k];

/** One or more instructions that neither end the program nor read what a test can't know. */
const piece: fc.Arbitrary<Instruction[]> = fc.oneof(
  fc.tuple(one(0x00, 0x01, 0x04, 0x14, 0x24, 0x44, 0x54, 0xa4), number).map((words) => [plain(words)]),
  fc.tuple(one(0x34, 0x94), number).map(([code, k]) => [plain([code, k || 1])]),
  fc.tuple(one(0x64, 0x74), fc.nat(31)).map((words) => [plain(words)]),
  one(0x0c, 0x1c, 0x2c, 0x4c, 0x5c, 0x6c, 0x7c, 0xac, 0x84, 0x07, 0x87).map((code) => [plain([code])]),
  fc.tuple(one(0x3c, 0x9c), number).map(([code, x]) => [...asm(`ldx #${x || 1}`), plain([code])]),
  fc.tuple(one(0x60, 0x61, 0x02, 0x03), fc.nat(13)).map((words) => [plain(words)]),
  fc.tuple(one(0x20, 0x28, 0x30, 0xb1, 0x80, 0x81), fc.nat(250)).map((words) => [plain(words)]),
  // Offsets that come together only by a wrap-around.
  fc
    .tuple(one(0x40, 0x48, 0x50), number, fc.nat(250))
    .map(([code, x, offset]) => [...asm(`ldx #${x}`), plain([code, (offset - x) >>> 0])]),
  fc
    .tuple(one(0x20, 0x28, 0x30), one(0, 4, 20, 24, 32, 36, 40, 44, 48, 60))
    .map(([code, offset]) => [plain([code, 0xfffff000 + offset])]),
  fc
    .tuple(fc.constantFrom('nla', 'nlan'), one(16, 24, 28, 36, 299, 300, 0xffffffff), fc.nat(8))
    .map(([word, from, type]) => [...asm(`ld #${from}; ldx #${type}; ld ${word}`)]),
  fc
    .tuple(one(0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d), fc.nat(3), fc.nat(3), number)
    .map((jump): Instruction[] => [jump, ...asm('add #0x01000193; xor #0x811c9dc5; txa')]),
);

const junk: readonly Instruction[] = new Array<Instruction>(300).fill([0x04, 0, 0, 1]);

/** A jump of 255, and one of more, over what would change the result. */
const far: fc.Arbitrary<Instruction[]> = fc
  .tuple(one(0x15, 0x25), number, fc.boolean())
  .map(([code, k, long]) =>
    long ? [[code, 0, 1, k], [0x05, 0, 0, junk.length], ...junk] : [[code, 255, 0, k], ...junk.slice(0, 255)],
  );

/** No difference is lost: A is folded into M[14] behind each block. */
const FOLD = asm('st M[13]; ld M[14]; mul #31; ldx M[13]; add x; st M[14]; ld M[13]');
const CLEAR = asm(Array.from({ length: 16 }, (_, word) => `st M[${word}]`).join(';'));

const block = fc.array(piece, { minLength: 1, maxLength: 5 }).map((list) => list.flat());

/** About 1,100 instructions, nearly all of which are run. */
export const longProgram: fc.Arbitrary<Instruction[]> = fc
  .array(fc.oneof({ arbitrary: block, weight: 40 }, { arbitrary: far, weight: 1 }), {
    minLength: 100,
    maxLength: 100,
  })
  .map((blocks) => [
    ...CLEAR,
    ...blocks.flatMap((each) => [...each, ...FOLD]),
    ...asm(`ld M[14]; ${REVEAL}`),
  ]);
