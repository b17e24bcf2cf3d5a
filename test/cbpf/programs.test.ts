import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEGAL, MAX_INSTRUCTIONS } from '../../src/cbpf/instruction.ts';
import { cpu, hash, map, OUT_OF_RANGE, rand, recognise } from '../../src/cbpf/programs.ts';
import { inputs, simulate } from '../../src/cbpf/simulate.ts';
import { likelyInstruction } from './arbitrary.ts';

/** Up to 600 CPUs, dense or scattered over all the numbers that a kernel can have; few slots or many. */
const anyMap = fc
  .tuple(fc.constantFrom(12, 600, 8192), fc.constantFrom(2, 600))
  .chain(([cpus, slots]) =>
    fc.uniqueArray(fc.tuple(fc.nat(cpus - 1), fc.nat(slots)), {
      selector: ([number]) => number,
      maxLength: 600,
      size: 'max',
    }),
  )
  .map((entries) => new Map(entries));

/** n neighbouring CPUs, each with a slot of its own, in an order that no run can shorten. */
const permutation = (size: number) =>
  new Map(Array.from({ length: size }, (_, index) => [index, size - 1 - index]));

describe('map', () => {
  it('sends every CPU to its slot and all others to the hash', () => {
    fc.assert(
      fc.property(anyMap, fc.nat(9000), (slots, other) => {
        const program = map(slots);
        const neighbours = [...slots.keys()].flatMap((number) => [number - 1, number, number + 1]);
        for (const number of [...neighbours, 0, other, 0xffffffff].filter((each) => each >= 0)) {
          expect(simulate(program, { cpu: number }).result).toBe(slots.get(number) ?? OUT_OF_RANGE);
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

  it('says what does not fit', () => {
    expect(() => map(permutation(4096))).toThrow(
      /4096 CPUs takes \d+ instructions, the kernel's limit is 4096/,
    );
    expect(() => map(new Map([[8192, 0]]))).toThrow('CPU 8192 is not between 0 and 8191');
    expect(() => map(new Map([[0, 32768]]))).toThrow('slot 32768 is not between 0 and 32767');
    expect(() => map(new Map([[0.5, 0]]))).toThrow(RangeError);
    expect(map(permutation(2000)).length).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
  });
});

describe('recognise', () => {
  it('gives back every map', () => {
    fc.assert(
      fc.property(anyMap, (slots) => {
        expect(recognise(map(slots))).toEqual({ name: 'map', slotOfCpu: slots });
      }),
    );
  });

  it('knows the short ones', () => {
    expect(recognise(cpu(8))).toEqual({ name: 'cpu', modulus: 8 });
    expect(recognise(rand(3))).toEqual({ name: 'rand', modulus: 3 });
    expect(recognise(hash())).toEqual({ name: 'hash' });
    expect(recognise(map(new Map()))).toEqual({ name: 'map', slotOfCpu: new Map() });
  });

  it('takes nothing else for one of them', () => {
    expect(recognise([])).toBeNull();
    expect(recognise(cpu(8).slice(0, 2))).toBeNull();
    expect(
      recognise([
        [0x20, 0, 0, 0xfffff020],
        [0x94, 0, 0, 8],
        [0x16, 0, 0, 0],
      ]),
    ).toBeNull();
    expect(
      recognise([
        [0x20, 0, 0, 0xfffff024],
        [0x15, 0, 1, 8192],
        [6, 0, 0, 1],
        [6, 0, 0, OUT_OF_RANGE],
      ]),
    ).toBeNull();
  });

  it('refuses a map with any one field changed, unless that is another map', () => {
    fc.assert(
      fc.property(
        anyMap,
        fc.nat(),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(255),
        (slots, where, field, value) => {
          const program = map(slots).map(
            (instruction) => [...instruction] as [number, number, number, number],
          );
          const target = program[where % program.length];
          if (target) target[field] = value;
          const found = recognise(program);
          if (found?.name === 'map') expect(map(found.slotOfCpu)).toEqual(program);
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.array(likelyInstruction), (program) => void recognise(program)));
  });
});

it('refuses a group without sockets', () => {
  expect(() => cpu(0)).toThrow('a group has 1 or more sockets, not 0');
  expect(() => rand(1.5)).toThrow(RangeError);
});
