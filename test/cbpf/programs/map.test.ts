import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY } from '../../../src/cbpf/environment.ts';
import { LEGAL, MAX_INSTRUCTIONS } from '../../../src/cbpf/instruction.ts';
import { map, OUT_OF_RANGE } from '../../../src/cbpf/programs.ts';
import { compile, inputs } from '../../../src/cbpf/simulate.ts';
import { anyMap } from '../arbitrary.ts';

/** n neighbouring CPUs, each with a slot of its own, in an order that no run can shorten. */
const permutation = (size: number) =>
  new Map(Array.from({ length: size }, (_, index) => [index, size - 1 - index]));

describe('map', () => {
  it('sends every CPU to its slot and all others to the hash', () => {
    fc.assert(
      fc.property(anyMap, fc.nat(9000), (slots, other) => {
        const run = compile(map(slots));
        const neighbours = [...slots.keys()].flatMap((number) => [number - 1, number, number + 1]);
        for (const number of [...neighbours, 0, other, 0xffffffff].filter((each) => each >= 0)) {
          expect(run({ ...EMPTY, cpu: number }).result).toBe(slots.get(number) ?? OUT_OF_RANGE);
        }
      }),
    );
  });

  it('is a program that the kernel takes, and reads the CPU only', () => {
    fc.assert(
      fc.property(anyMap, (slots) => {
        const program = map(slots);
        expect(program.length).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
        for (const [index, [code, jt, jf, k]] of program.entries()) {
          expect(LEGAL.has(code)).toBe(true);
          expect(Math.max(jt, jf)).toBeLessThanOrEqual(255);
          if (code === 0x05) expect(index + 1 + k).toBeLessThan(program.length);
        }
        expect([...inputs(program)]).toEqual(['cpu']);
      }),
    );
  });

  it('needs few steps: 2,000 CPUs are found in about log2 of them', () => {
    const program = map(permutation(2000));
    let jumps = 0;
    for (let pc = 0; program[pc]?.[0] !== 0x06; pc++, jumps++) {
      const [code, jt, jf, k] = program[pc] ?? [0, 0, 0, 0];
      if (code === 0x05) pc += k;
      else if (code === 0x35) pc += 1999 >= k ? jt : jf;
    }
    expect(jumps).toBeLessThan(20);
  });

  it('joins neighbours that share a slot', () => {
    expect(map(new Map(Array.from({ length: 4096 }, (_, index) => [index, index >> 6])))).toHaveLength(130);
  });

  it('says what is too large', () => {
    expect(() => map(permutation(4096))).toThrow(
      /`map` takes \d+ instructions for this group, and the kernel's limit is 4096/,
    );
    expect(() => map(new Map([[8192, 0]]))).toThrow('CPU 8192 is not between 0 and 8191');
    expect(() => map(new Map([[0, 32768]]))).toThrow('slot 32768 is not between 0 and 32767');
    expect(() => map(new Map([[0.5, 0]]))).toThrow(RangeError);
    expect(map(permutation(2000)).length).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
  });
});
