import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/cbpf/assemble.ts';
import { check } from '../../src/cbpf/check.ts';
import { hints } from '../../src/cbpf/hints.ts';
import { results } from '../../src/cbpf/ranges.ts';
import { simulate } from '../../src/cbpf/simulate.ts';
import { legalProgram, likelyInstruction } from './arbitrary.ts';

function hinted(text: string, groupSize: number | null): string[] {
  const assembly = assemble(text, { semicolons: true });
  if (assembly.error !== null) throw new Error(assembly.error.message);
  expect(check(assembly.program)).toEqual([]);
  return hints(assembly.program, groupSize).map(({ index, message }) => `${index}: ${message}`);
}

describe('hints', () => {
  it.each([
    ['ld cpu; mod #4; ret a', []],
    ['ret #0xffffffff', []],
    ['ld cpu; jge #4, out; ret a; out: ret #-1', []],
    ['ld cpu; jneq #9, out; ret #3; out: ret #-1', []],
    ['ld cpu; mod #3; ret a', ["1: not the group's size 4: slot 3 gets nothing"]],
    [
      'ld cpu; mod #5; ret a',
      [
        "1: not the group's size: the index can reach 4, the group has 4, and beyond slot 3 the kernel's hash chooses",
      ],
    ],
    [
      'ld rand; ret a',
      ["1: the index is not limited: the group has 4, and beyond slot 3 the kernel's hash chooses"],
    ],
    [
      'ld rand; and #7; ret a',
      ["2: the index can reach 7: the group has 4, and beyond slot 3 the kernel's hash chooses"],
    ],
    ['ret #9', ["0: always 9: the group has 4, and beyond slot 3 the kernel's hash chooses"]],
    [
      'ld cpu; and #1; ret a',
      ['null: slots 2 to 3 get nothing: no index is more than 1, and the group has 4'],
    ],
    [
      'ld rxhash; mod #4; ret a',
      [
        '0: rxhash is 0 if no NIC has hashed the packet (always for UDP over loopback), so all packets go to one slot',
      ],
    ],
    [
      'ldb [0]; mod #4; ret a',
      ['0: a packet too short for this load (an empty datagram, a SYN) goes to slot 0'],
    ],
    ['ld [-1048564]; mod #4; ret a', []],
  ])('for a group of 4: %s', (text, expected) => {
    expect(hinted(text, 4)).toEqual(expected);
  });

  it('without a group are about what is read only', () => {
    expect(hinted('ld queue; ret a', null)).toEqual([
      '0: queue is the rx queue + 1, and 0 where none was recorded (loopback)',
    ]);
  });
});

describe('results', () => {
  it('include everything that the program returns', () => {
    const short = fc.array(likelyInstruction, { maxLength: 12 });
    const programs = fc.oneof(
      legalProgram,
      short.map((drawn) => [...drawn, [0x16, 0, 0, 0] as const]),
    );
    const numbers = fc.record({
      cpu: fc.nat(8191),
      rand: fc.nat(),
      rxhash: fc.nat(),
      queue: fc.nat(65535),
      type: fc.nat(7),
    });
    fc.assert(
      fc.property(programs, numbers, fc.uint8Array({ maxLength: 64 }), (program, environment, packet) => {
        fc.pre(check(program).length === 0);
        const found = results(program);
        const { result, earlyExit } = simulate(program, {
          ...environment,
          packet,
          network: packet,
          link: packet,
        });
        if (earlyExit === null)
          expect(found.some(({ low, high }) => low <= result && result <= high)).toBe(true);
        else expect(result).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});
