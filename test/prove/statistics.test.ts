/** The statistics of `prove`, against vectors from scipy 1.17, and what must hold for any differences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blocksForEffect,
  blocksForMargin,
  hodgesLehmann,
  lag1,
  signFlip,
  tInterval,
} from '../../src/prove/statistics.ts';
import { tQuantile } from '../../src/prove/student-t.ts';

interface Vectors {
  readonly t: readonly [probability: number, freedom: number, quantile: number][];
  readonly sets: readonly {
    readonly d: readonly number[];
    /** Mean, low, high, p. */
    readonly t: readonly number[];
    /** Effect, low, high, level. */
    readonly hl: readonly number[];
    readonly w_p: number;
    readonly flip_p?: number;
  }[];
}

const { t, sets } = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8')) as Vectors;

const near = (actual: readonly number[], wanted: readonly number[]) => {
  expect(actual).toHaveLength(wanted.length);
  for (const [at, value] of actual.entries())
    expect(Math.abs(value - (wanted[at] ?? Number.NaN)), `${value} is ${wanted[at]}`).toBeLessThan(1e-10);
};

describe('the quantile of t', () => {
  it.each(t)('%d with %d degrees of freedom', (probability, freedom, quantile) => {
    near([tQuantile(probability, freedom)], [quantile]);
    near([tQuantile(1 - probability, freedom)], [-quantile]);
  });
});

describe('the reference sets', () => {
  it.each(sets.map((set) => [set.d.length, set] as const))('%d differences', (_, { d, ...wanted }) => {
    const byT = tInterval(d);
    near([byT.effect, byT.low, byT.high, byT.p], wanted.t);
    const byRanks = hodgesLehmann(d);
    near([byRanks.effect, byRanks.low, byRanks.high, byRanks.level], wanted.hl);
    near([byRanks.p], [wanted.w_p]);
    const bySigns = signFlip(d);
    if (wanted.flip_p !== undefined) near([bySigns.p], [wanted.flip_p]);
    // From samples: as t, within their error.
    else expect(Math.abs(bySigns.p - byT.p)).toBeLessThan(0.05);
  });
});

const thousandth = fc.integer({ min: -1_000, max: 1_000 }).map((each) => each / 1_000);
const differences = fc.array(thousandth, { minLength: 6, maxLength: 10 });
const property = (holds: (d: readonly number[]) => void) =>
  fc.assert(fc.property(differences, holds), { seed: 20, numRuns: 100 });

describe('any differences', () => {
  const methods = { tInterval, hodgesLehmann, signFlip };

  it.each(Object.entries(methods))('%s: the effect is inside its interval', (_, method) =>
    property((d) => {
      const { effect, low, high, p } = method(d);
      expect(low).toBeLessThanOrEqual(effect + 1e-12);
      expect(high).toBeGreaterThanOrEqual(effect - 1e-12);
      expect(p).toBeGreaterThanOrEqual(0);
      expect(p).toBeLessThanOrEqual(1 + 1e-12);
    }),
  );

  it.each(Object.entries(methods))('%s: the other arm first gives the mirror image', (_, method) =>
    property((d) => {
      const one = method(d);
      const other = method(d.map((each) => -each));
      near([other.effect, other.low, other.high, other.p], [-one.effect, -one.high, -one.low, one.p]);
    }),
  );

  it.each(Object.entries(methods))('%s: a shift moves the interval with it', (_, method) =>
    property((d) => {
      const one = method(d);
      const other = method(d.map((each) => each + 0.25));
      near([other.effect, other.low, other.high], [one.effect + 0.25, one.low + 0.25, one.high + 0.25]);
    }),
  );

  it('a signed-rank interval without 0 means p of at most 5 %, and the reverse', () => {
    const untied = fc.uniqueArray(
      thousandth.filter((each) => each !== 0),
      { minLength: 6, maxLength: 12, selector: Math.abs },
    );
    fc.assert(
      fc.property(untied, (d) => {
        const { low, high, p } = hodgesLehmann(d);
        fc.pre(low !== 0 && high !== 0);
        expect(low > 0 || high < 0).toBe(p <= 0.05);
      }),
      { seed: 20, numRuns: 150 },
    );
  });
});

describe('differences that are all the same', () => {
  it('have an interval without width, and no reason to believe in nothing', () => {
    const d = [-47, -47, -47, -47, -47, -47];
    expect(hodgesLehmann(d)).toMatchObject({ effect: -47, low: -47, high: -47, p: 2 / 64 });
    expect(tInterval(d)).toMatchObject({ low: -47, high: -47, p: 0 });
    expect(hodgesLehmann([0, 0, 0, 0, 0, 0]).p).toBe(1);
  });

  it('say that 5 blocks are too few for 95 %', () => {
    expect(hodgesLehmann([1, 2, 3, 4, 5]).level).toBe(1 - 2 / 32);
  });
});

describe('blocks that are needed', () => {
  // Rows: standard deviation in %; columns: effects of 1, 2, 3, 5 and 10 %.
  it.each([
    [1, [10, 5, 4, 3, 3]],
    [2, [34, 10, 6, 4, 3]],
    [5, [199, 52, 24, 10, 5]],
    [8, [505, 128, 58, 23, 8]],
  ])('for an effect, with a deviation of %d %%', (sd, blocks) => {
    expect([1, 2, 3, 5, 10].map((effect) => blocksForEffect(sd, effect))).toEqual(blocks);
  });

  it('for a margin are fewer', () => {
    expect(blocksForMargin(5, 2)).toBe(27);
    expect(blocksForMargin(1, 1e-6)).toBeNull();
  });
});

describe('the memory of blocks', () => {
  it('is the correlation with the next one', () => {
    expect(lag1([1, -1, 1, -1, 1, -1])).toBeCloseTo(-5 / 6, 12);
    expect(lag1([3, 3, 3])).toBe(0);
  });
});
