/** Buckets of waits, and what is read from them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, quantileOf, toWaits } from '../../src/measure/wait.ts';

describe('the buckets', () => {
  it('follow each other without a gap, and are never wider than a sixteenth of their wait', () => {
    let end = 0;
    for (let bucket = 0; bucket < 490; bucket++) {
      const { from, width } = bucketOf(bucket);
      expect(from).toBe(end);
      if (from >= 64) expect(width / from).toBeLessThanOrEqual(1 / 16);
      end = from + width;
    }
    // The last range has no end; its first buckets lead to seconds.
    expect(end).toBeGreaterThan(15e6);
  });
});

describe('a quantile', () => {
  const bucketFor = (us: number): number => {
    for (let bucket = 0; ; bucket++) {
      const { from, width } = bucketOf(bucket);
      if (us >= from && us < from + width) return bucket;
    }
  };

  it('is that of the waits themselves, within a bucket', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (waits, share) => {
          const counts = new Map<number, number>();
          for (const us of waits) counts.set(bucketFor(us), (counts.get(bucketFor(us)) ?? 0) + 1);
          const found = quantileOf(counts, share) ?? Number.NaN;
          const sorted = waits.toSorted((a, b) => a - b);
          const exact = sorted[Math.ceil(share * waits.length) - 1] ?? Number.NaN;
          const { from, width } = bucketOf(bucketFor(exact));
          expect(found).toBeGreaterThanOrEqual(from);
          expect(found).toBeLessThanOrEqual(from + width);
        },
      ),
      { seed: 20, numRuns: 200 },
    ));

  it('is not known of no waits', () => {
    expect(quantileOf(new Map(), 0.5)).toBeNull();
    expect(quantileOf(toWaits(new Map()), 0.99)).toBeNull();
  });

  it('reads the counts of the probe', () => {
    const waits = toWaits(
      new Map([
        [
          'waits',
          new Map([
            ['17', 3],
            ['70', 1],
          ]),
        ],
      ]),
    );
    expect(quantileOf(waits, 0.5)).toBeCloseTo(17 + 2 / 3, 9);
    expect(quantileOf(waits, 1)).toBe(92);
  });
});
