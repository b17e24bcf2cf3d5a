import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/cbpf/assemble.ts';
import { check } from '../../src/cbpf/check.ts';
import { EMPTY } from '../../src/cbpf/environment.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import {
  commented,
  cpu,
  GROUP_PROGRAMS,
  generate,
  hash,
  isByCpu,
  lastSlot,
  OUT_OF_RANGE,
  type ParameterSource,
  PROGRAM_NAMES,
  programNamed,
  rand,
  recognise,
  slotOnCpu,
  specFrom,
  spreadsFlows,
} from '../../src/cbpf/programs.ts';
import { results } from '../../src/cbpf/ranges.ts';
import { compile, inputs } from '../../src/cbpf/simulate.ts';
import { anyProgram, likelyInstruction } from './arbitrary.ts';

describe('every program of this tool', () => {
  it('is one that the kernel takes', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        expect(check(generate(wanted))).toEqual([]);
      }),
    );
  });

  it('is recognised by its words, with its parameters', () => {
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

  it('chooses no slot beyond its declared last one', () => {
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

  it.each(PROGRAM_NAMES)('%s says what it is, when to use it, and when not', (name) => {
    const { purpose, use, avoid } = programNamed(name);
    expect(purpose).toMatch(/^[^\n]{10,70}[^.]$/);
    for (const text of [use, avoid]) expect(text).toMatch(/^[^\n]{30,}\.$/);
  });

  it('needs exactly the parameters that it names', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        const { name, ...given } = wanted;
        const unnamed = () => expect.unreachable('the program does not name this parameter');
        const source: ParameterSource = {
          size: unnamed,
          slotOfCpu: unnamed,
          keyOfSlot: unnamed,
          nodes: unnamed,
          weights: unnamed,
          drained: unnamed,
          spread: unnamed,
          by: unnamed,
          ...Object.fromEntries(Object.entries(given).map(([key, value]) => [key, () => value])),
        };
        expect(specFrom(name, source)).toEqual(wanted);
        for (const key of Object.keys(given)) expect(programNamed(name).parameters).toContain(key);
      }),
    );
  });

  it('picks the declared slot on each CPU if only the CPU decides', () => {
    const byCpu = anyProgram.filter(isByCpu);
    fc.assert(
      fc.property(byCpu, fc.nat(8191), (wanted, cpu) => {
        const program = generate(wanted);
        expect([...inputs(program)]).toEqual(['cpu']);
        const { result } = compile(program)({ ...EMPTY, cpu });
        expect(result).toBe(slotOnCpu(wanted, cpu) ?? OUT_OF_RANGE);
      }),
    );
    expect(PROGRAM_NAMES.filter((name) => programNamed(name).slotOnCpu)).toEqual(['cpu', 'map']);
  });

  it('says if it does not keep the packets of a flow together', () => {
    fc.assert(
      fc.property(anyProgram, (wanted) => {
        if (inputs(generate(wanted)).has('rand')) expect(spreadsFlows(wanted)).toBe(true);
      }),
    );
    expect(spreadsFlows({ name: 'weighted', weights: [1, 1], spread: 'flow' })).toBe(false);
  });

  it('is made from the group alone, unless it needs parameters', () => {
    const others = PROGRAM_NAMES.filter((name) => !GROUP_PROGRAMS.includes(name));
    expect(others).toEqual(['weighted', 'drain']);
  });
});

describe('recognise', () => {
  it('knows the short ones', () => {
    expect(recognise(cpu(8))).toEqual({ name: 'cpu', size: 8 });
    expect(recognise(rand(3))).toEqual({ name: 'rand', size: 3 });
    expect(recognise(hash())).toEqual({ name: 'hash' });
  });

  it('recognises nothing else', () => {
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

  it('rejects a program with one changed field, unless that is another of ours', () => {
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
