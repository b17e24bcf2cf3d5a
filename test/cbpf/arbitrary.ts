import fc from 'fast-check';
import { type Instruction, LEGAL } from '../../src/cbpf/instruction.ts';

const byte = fc.integer({ min: 0, max: 255 });
const word = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 0xffffffff }));

/** Eight random bytes. */
export const anyInstruction: fc.Arbitrary<Instruction> = fc.tuple(
  fc.integer({ min: 0, max: 0xffff }),
  byte,
  byte,
  word,
);

/** A legal code, jumps that stay short, operands that mean something now and then. */
export const likelyInstruction: fc.Arbitrary<Instruction> = fc.tuple(
  fc.constantFrom(...LEGAL),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 3 }),
  fc.oneof(
    word,
    fc.integer({ min: 0, max: 15 }).map((index) => 0xfffff000 + 4 * index),
  ),
);
