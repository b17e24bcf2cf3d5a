import { describe, expect, it } from 'vitest';
import { perSecond, queueSet, series, setSeries, short } from '../../src/report/format.ts';

describe('columns of folded rows', () => {
  it('writes a series only if it is one', () => {
    expect(series([7])).toBe('7');
    expect(series([58, 59, 60])).toBe('58 … 60');
    expect(series([0, 2, 4], 'tx-')).toBe('tx-0 … 4');
    expect(series([0, 3, 3])).toBe('2 different');
    expect(series([null, null])).toBe('-');
    expect(series([1, 1, 1])).toBe('1');
  });

  it('treats sets alike', () => {
    expect(setSeries([[0], [1], [2]])).toBe('0 … 2');
    expect(
      setSeries([
        [0, 4],
        [1, 5],
      ]),
    ).toBe('0,4 … 1,5');
    expect(setSeries([[0], [5], [2]])).toBe('3 different');
    expect(setSeries([[], []], 'unset')).toBe('unset');
    expect(setSeries([null, null], 'unset')).toBe('-');
  });

  it('names queues as sysfs does', () => {
    expect(queueSet('rx', [3])).toBe('rx-3');
    expect(queueSet('tx', [0, 1, 2])).toBe('tx-0 … 2');
    expect(queueSet('rx', [0, 1, 5])).toBe('rx 0-1,5');
  });
});

it('gives a rate for an interval, and none for an empty one', () => {
  expect([perSecond(264_800, 2), perSecond(1, 3), perSecond(0, 0)]).toEqual(['132k', '0', '0']);
});

it('keeps large counts narrow', () => {
  expect([0, 9999, 10_000, 132_400, 999_499, 999_500, 1_230_000, 4.2e12].map(short)).toEqual([
    '0',
    '9999',
    '10k',
    '132k',
    '999k',
    '1.0M',
    '1.2M',
    '4200G',
  ]);
});
