import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, gather, shift } from '../../src/report/fold.ts';

const lengths = (numbers: readonly number[]) =>
  fold(numbers, (before, after) => String(after - before)).map(({ rows }) => rows.length);

describe('fold', () => {
  it('folds rows that continue a series, and shows the exceptions', () => {
    expect(lengths([0, 1, 2, 3])).toEqual([4]);
    expect(lengths([9, 0, 1, 2])).toEqual([1, 3]);
    expect(lengths([0, 1, 2, 7, 4, 5, 6])).toEqual([3, 1, 3]);
    expect(lengths([5, 5, 5, 9, 9])).toEqual([3, 1, 1]);
    expect(lengths([])).toEqual([]);
  });

  it('keeps rows apart that do not belong together', () => {
    expect(fold([1, 1, 1], () => null)).toHaveLength(3);
  });

  it('keeps every row, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 })), (numbers) => {
        const folds = fold(numbers, (before, after) => String(after - before));
        expect(folds.flatMap(({ rows }) => rows)).toEqual(numbers);
        for (const { first, rows } of folds) expect(rows[0]).toBe(first);
      }),
    );
  });

  it('folds 100,000 rows, regular or not, without noticeable delay', () => {
    const steps: number[] = [];
    const count = (numbers: readonly number[]) => {
      steps.length = 0;
      fold(numbers, (before, after) => String(steps.push(after - before) && after - before));
      return steps.length;
    };
    expect(count(Array.from({ length: 100_000 }, (_, at) => at))).toBe(99_999);
    expect(count(Array.from({ length: 100_000 }, (_, at) => at ** 2))).toBe(99_999);
  });
});

it('gathers by key in the order of first appearance', () => {
  const found = gather(['b1', 'a1', 'b2'], (word) => word.slice(0, 1));
  expect(found.map(({ rows }) => rows)).toEqual([['b1', 'b2'], ['a1']]);
});

it('distinguishes a set that moved from one that changed', () => {
  expect(shift([0, 8], [1, 9])).toBe('1');
  expect(shift([0, 8], [1, 8])).toBeNull();
  expect(shift([], [])).toBe('0');
  expect(shift(null, null)).toBe('unknown');
  expect(shift([], null)).toBeNull();
});
