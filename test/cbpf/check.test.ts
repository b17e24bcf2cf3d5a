import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/cbpf/check.ts';
import { convertedLength } from '../../src/cbpf/convert.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { simulate } from '../../src/cbpf/simulate.ts';
import { anyInstruction, legalProgram, likelyInstruction } from './arbitrary.ts';

const RET_A: Instruction = [0x16, 0, 0, 0];
const told = (...program: Instruction[]) =>
  check(program).map(({ index, message }) => `${index}: ${message}`);

describe('check', () => {
  it('accepts what the kernel accepts', () => {
    fc.assert(
      fc.property(legalProgram, (program) => {
        expect(check(program)).toEqual([]);
      }),
    );
  });

  it.each([
    ['nothing', [], ['null: no instructions: the kernel needs at least 1']],
    ['another code', [[0x0d, 0, 0, 0], RET_A], ['0: 0x0d is not an instruction that the kernel has']],
    ['ret x', [[0x0e, 0, 0, 0]], ['0: the kernel has only ret a and ret #k']],
    ['a code beyond 8 bit', [[0x0106, 0, 0, 0]], ['0: 0x106 is not an instruction that the kernel has']],
    [
      'div #0, mod #0',
      [[0x34, 0, 0, 0], [0x94, 0, 0, 0], RET_A],
      ['0: division by a constant 0', '1: division by a constant 0'],
    ],
    [
      'lsh #32, rsh #33',
      [[0x64, 0, 0, 32], [0x74, 0, 0, 33], RET_A],
      ['0: a shift by 32: 0 to 31 is possible', '1: a shift by 33: 0 to 31 is possible'],
    ],
    ['st M[16]', [[0x02, 0, 0, 16], RET_A], ['0: there is no M[16]: the scratch store ends with M[15]']],
    ['a jump to the end', [[0x15, 1, 0, 0], RET_A], ['0: jumps over 1 instructions, and 1 follow']],
    ['ja to the end', [[0x05, 0, 0, 1], RET_A], ['0: jumps over 1 instructions, and 1 follow']],
    [
      'ja back',
      [RET_A, [0x05, 0, 0, 0xfffffffe], RET_A],
      ['1: jumps back: the kernel allows only forward jumps'],
    ],
    ['an unknown extension', [[0x20, 0, 0, 0xfffff040], RET_A], ['0: there is no extension at offset -4032']],
    ['no ret at the end', [RET_A, [0x07, 0, 0, 0]], ['1: the last instruction must be a ret']],
    [
      'M[3] unwritten',
      [[0x60, 0, 0, 3], RET_A],
      ['0: M[3] is read, but not written on every path to this instruction'],
    ],
    [
      'M[0] unwritten on one way',
      [[0x15, 0, 1, 7], [0x02, 0, 0, 0], [0x61, 0, 0, 0], RET_A],
      ['2: M[0] is read, but not written on every path to this instruction'],
    ],
  ] as [string, Instruction[], string[]][])('refuses %s', (_, program, messages) => {
    expect(told(...program)).toEqual(messages);
  });

  it('counts as the kernel does: unreachable instructions after a ret count, those after ja do not', () => {
    expect(told([0x15, 1, 0, 0], RET_A, [0x60, 0, 0, 0], RET_A)).toEqual([
      '2: M[0] is read, but not written on every path to this instruction',
    ]);
    expect(told([0x05, 0, 0, 1], [0x60, 0, 0, 0], RET_A)).toEqual([]);
    expect(told([0x02, 0, 0, 0], RET_A, [0x60, 0, 0, 0], RET_A)).toEqual([]);
  });

  it('takes extensions, also as half words and bytes, and the one without a word', () => {
    expect(told([0x28, 0, 0, 0xfffff024], [0x30, 0, 0, 0xfffff028], [0x20, 0, 0, 0xffffefff], RET_A)).toEqual(
      [],
    );
    expect(told([0x40, 0, 0, 0xfffff041], RET_A)).toEqual([]);
  });

  it('takes 4,096 instructions and no more', () => {
    const long = (length: number) => [
      ...Array.from({ length: length - 1 }, (): Instruction => [0x07, 0, 0, 0]),
      RET_A,
    ];
    expect(check(long(4096))).toEqual([]);
    expect(check(long(4097))).toEqual([
      { index: null, message: '4097 instructions: the kernel accepts at most 4096' },
    ]);
  });

  it('refuses a jump that is too long in the converted program', () => {
    const load: Instruction = [0x20, 0, 0, 40_000];
    const far = (between: number): Instruction[] => [
      [0x05, 0, 0, between],
      ...Array.from({ length: between }, () => load),
      RET_A,
    ];
    expect(check(far(2047))).toEqual([]);
    expect(check(far(2048)).map(({ index }) => index)).toEqual([0]);
  });

  it('accepts nothing that cannot be run', () => {
    const any = fc.array(fc.oneof(anyInstruction, likelyInstruction), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(any, (drawn) => {
        const program = [...drawn, RET_A];
        if (check(program).length === 0) simulate(program);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the converted program', () => {
  const length = (...program: Instruction[]) =>
    convertedLength([...program, RET_A]) - convertedLength([RET_A]);

  it('has the length that bpf_convert_filter() gives it', () => {
    const PROLOGUE = 4;
    expect(convertedLength([RET_A])).toBe(4);
    expect(length([0x20, 0, 0, 0xfffff024])).toBe(4);
    expect(length([0x20, 0, 0, 0])).toBe(13 + PROLOGUE);
    expect(length([0x20, 0, 0, 4])).toBe(14 + PROLOGUE);
    expect(length([0x30, 0, 0, 0x8000])).toBe(15 + PROLOGUE);
    expect(length([0x28, 0, 0, 0x80000000])).toBe(8 + PROLOGUE);
    expect(length([0x40, 0, 0, 0])).toBe(8 + PROLOGUE);
    expect(length([0x50, 0, 0, 1])).toBe(9 + PROLOGUE);
    expect(length([0xb1, 0, 0, 0])).toBe(18 + PROLOGUE);
    expect(length([0x9c, 0, 0, 0])).toBe(5);
    expect(length([0x15, 0, 0, 0x80000000])).toBe(2);
    expect(length([0x15, 1, 2, 0])).toBe(2);
    expect(length([0x45, 0, 1, 0])).toBe(2);
    expect(length([0x25, 0, 1, 0])).toBe(1);
    expect(length([0x06, 0, 0, 1])).toBe(2);
  });
});
