import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accumulator } from '../../src/export/accumulator.ts';

const one = (source: string, value: number | null, total = 'all') => [source, total, value] as const;

describe('an accumulator', () => {
  it('keeps what a source had counted when it is gone', () => {
    const sum = new Accumulator();
    sum.update([one('a', 10), one('b', 5)]);
    expect(sum.totals.get('all')).toBe(15);
    sum.update([one('b', 7)]);
    expect(sum.totals.get('all')).toBe(17);
    sum.update([one('b', 7), one('c', 3)]);
    expect(sum.totals.get('all')).toBe(20);
  });

  it('counts a source that starts again from 0', () => {
    const sum = new Accumulator();
    sum.update([one('a', 10)]);
    sum.update([one('a', 4)]);
    expect(sum.totals.get('all')).toBe(14);
  });

  it('goes on from the last known value after one that is not known', () => {
    const sum = new Accumulator();
    sum.update([one('a', 10)]);
    for (const value of [null, 12, null, null, 13]) sum.update([one('a', value)]);
    expect(sum.totals.get('all')).toBe(13);
  });

  it('gives the growth to the total that the source belongs to now: a socket that moves to another slot', () => {
    const sum = new Accumulator();
    sum.update([one('a', 10, '0'), one('b', 100, '1')]);
    sum.update([one('b', 103, '0')]);
    expect([...sum.totals]).toEqual([['0', 13]]);
  });

  it('never falls while its total is there, and is exact for sources that only grow', () => {
    const steps = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 9 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(steps, (growths) => {
        const sum = new Accumulator();
        const values: Record<string, number> = { base: 0 };
        let expected = 0;
        for (const growth of growths) {
          for (const [source, by] of Object.entries(growth)) {
            values[source] = (values[source] ?? 0) + by;
            expected += by;
          }
          sum.update(Object.entries(values).map(([source, value]) => one(source, value)));
          expect(sum.totals.get('all')).toBe(expected);
        }
      }),
    );
  });
});
