import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/cbpf/assemble.ts';
import { check } from '../../src/cbpf/check.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { commented, cpu, generate, hash, lastSlot, rand, recognise } from '../../src/cbpf/programs.ts';
import { results } from '../../src/cbpf/ranges.ts';
import { anyProgram, likelyInstruction } from './arbitrary.ts';

describe('every program of this tool', () => {
  it('is one that the kernel takes', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        expect(check(generate(wanted))).toEqual([]);
      }),
    );
  });

  it('is known again by its words, with what it was made from', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        const program = generate(wanted);
        const found = recognise(program);
        expect(found?.name).toBe(wanted.name);
        expect(found && generate(found)).toEqual(program);
        const single = wanted.name === 'numa' && wanted.nodes.every(({ slots }) => slots.length === 1);
        if (!single) expect(found).toEqual(wanted);
      }),
    );
  });

  it('is assembler with a comment on each line, which gives the same words', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        const text = commented(wanted);
        const program = generate(wanted);
        expect(text.split('\n').map((line) => /^.+ ; .+$/.test(line))).toEqual(program.map(() => true));
        expect(assemble(text)).toMatchObject({ program, warnings: [], error: null });
      }),
    );
  });

  it('chooses no slot beyond the last that it says', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        const last = lastSlot(wanted) ?? -1;
        for (const { low, high } of results(generate(wanted)).filter(({ low }) => low !== 0xffffffff)) {
          expect(low).toBeLessThanOrEqual(last);
          if (wanted.name === 'map' || wanted.name === 'weighted') expect(high).toBeLessThanOrEqual(last);
        }
      }),
    );
  });
});

describe('recognise', () => {
  it('knows the short ones', () => {
    expect(recognise(cpu(8))).toEqual({ name: 'cpu', modulus: 8 });
    expect(recognise(rand(3))).toEqual({ name: 'rand', modulus: 3 });
    expect(recognise(hash())).toEqual({ name: 'hash' });
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
        [6, 0, 0, 0xffffffff],
      ]),
    ).toBeNull();
  });

  it('refuses a program with any one field changed, unless that is another of ours', () => {
    const field = fc.integer({ min: 0, max: 3 });
    const value = fc.oneof(fc.nat(255), fc.integer({ min: 0, max: 0xffffffff }));
    fc.assert(
      fc.property(anyProgram, fc.nat(), field, value, (wanted, where, at, to) => {
        const program = generate(wanted).map((words) => [...words] as [number, number, number, number]);
        const target = program[where % program.length];
        if (target) target[at] = to;
        const found = recognise(program);
        if (found !== null) expect(generate(found)).toEqual(program);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.array(likelyInstruction), (program) => void recognise(program)));
    const spliced = fc.tuple(anyProgram, anyProgram, fc.nat(60), fc.nat(60));
    fc.assert(
      fc.property(spliced, ([one, other, from, to]) => {
        const program: Instruction[] = [...generate(one).slice(0, from), ...generate(other).slice(to)];
        const found = recognise(program);
        if (found !== null) expect(generate(found)).toEqual(program);
      }),
    );
  });
});

it('refuses a group without sockets', () => {
  expect(() => cpu(0)).toThrow('a group has 1 or more sockets, not 0');
  expect(() => rand(1.5)).toThrow(RangeError);
});
