import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCpuList, formatCpuMask, parseCpuList, parseCpuMask } from '../../src/host/cpus.ts';

const sets = fc.uniqueArray(fc.nat(1151), { maxLength: 200 }).map((cpus) => cpus.sort((a, b) => a - b));

describe('cpulist', () => {
  it.each([
    ['', []],
    ['\n', []],
    ['0-3,8\n', [0, 1, 2, 3, 8]],
    ['8,0-2,1', [0, 1, 2, 8]],
    ['0-7:2/4', [0, 1, 4, 5]],
    ['0-6:2', [0, 2, 4, 6]],
    ['1152', [1152]],
  ])('reads %j', (text, cpus) => expect(parseCpuList(text)).toEqual(cpus));

  it.each(['x', '3-1', '0-', '-1', '1.5', '0-3:0', '0-3:3/2', '0-4294967295', '99999999999999999999', 'ff'])(
    'refuses %j',
    (text) => expect(parseCpuList(text)).toBeNull(),
  );

  it('prints what the kernel prints', () => {
    expect(formatCpuList([0, 1, 3, 4, 5, 8])).toBe('0-1,3-5,8');
    expect(formatCpuList([])).toBe('');
  });

  it('survives a round trip', () => {
    fc.assert(
      fc.property(sets, (cpus) => {
        expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus);
      }),
    );
  });
});

describe('mask', () => {
  it.each([
    ['00\n', []],
    ['5', [0, 2]],
    ['0x3', [0, 1]],
    ['00000001,00000000', [32]],
    ['1,80000000,00000001', [0, 63, 64]],
    ['ffffffffff', Array.from({ length: 40 }, (_, i) => i)],
  ])('reads %j', (text, cpus) => expect(parseCpuMask(text)).toEqual(cpus));

  it.each(['', 'g', '0,', ',1', '1,123456789', '-1', '0 1', 'f'.repeat(20_000)])('refuses %j', (text) =>
    expect(parseCpuMask(text)).toBeNull(),
  );

  it('prints as many digits as the kernel does for that many CPUs', () => {
    expect(formatCpuMask([], 2)).toBe('0');
    expect(formatCpuMask([0], 8)).toBe('01');
    expect(formatCpuMask([1], 36)).toBe('0,00000002');
    expect(formatCpuMask([40], 64)).toBe('00000100,00000000');
    expect(formatCpuMask([64])).toBe('1,00000000,00000000');
  });

  it('survives a round trip at any width', () => {
    fc.assert(
      fc.property(sets, fc.nat(1152), (cpus, width) => {
        expect(parseCpuMask(formatCpuMask(cpus, width))).toEqual(cpus);
      }),
    );
  });
});

it('never throws, and gives ascending sets only', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789af,-:/ \n') }));
  fc.assert(
    fc.property(text, (any) => {
      for (const cpus of [parseCpuList(any), parseCpuMask(any)]) {
        expect(cpus?.every((cpu, i) => i === 0 || cpu > (cpus[i - 1] ?? -1)) ?? true).toBe(true);
      }
    }),
  );
});
