/**
 * What the differences of an experiment's blocks say about the effect: exact where that is possible, and written by
 * hand because no package has the Hodges-Lehmann interval. All intervals are for 95 %.
 */
import { randomFrom } from '../cbpf/random.ts';
import { tQuantile, tTwoSided } from './student-t.ts';

/** An effect and its interval, in the unit of the differences. */
export interface Interval {
  readonly effect: number;
  readonly low: number;
  readonly high: number;
  /** Probability that the interval contains the effect: of an exact interval not precisely 0.95. */
  readonly level: number;
  /** Two-sided probability of such differences if there is no effect. */
  readonly p: number;
}

const TAIL = 0.025;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of a sample; NaN of fewer than two values. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Student's t for paired differences. At least two. @param tail probability beyond each end of the interval */
export function tInterval(differences: readonly number[], tail = TAIL): Interval {
  const n = differences.length;
  const effect = mean(differences);
  const error = deviation(differences) / Math.sqrt(n);
  const half = tQuantile(1 - tail, n - 1) * error;
  const p = error === 0 ? (effect === 0 ? 1 : 0) : tTwoSided(effect / error, n - 1);
  return { effect, low: effect - half, high: effect + half, level: 1 - 2 * tail, p };
}

/**
 * Hodges-Lehmann: the median of the means of all pairs, and the exact interval that belongs to Wilcoxon's signed-rank
 * test (Hollander and Wolfe, Nonparametric Statistical Methods, 3.1 to 3.3). With fewer than 6 differences no interval
 * reaches 95 %: `level` says what it reaches.
 */
export function hodgesLehmann(differences: readonly number[]): Interval {
  const n = differences.length;
  const means = differences
    .flatMap((one, at) => differences.slice(at).map((other) => (one + other) / 2))
    .sort((a, b) => a - b);
  const ways = signedRankWays(Array.from({ length: n }, (_, index) => index + 1));
  const total = 2 ** n;
  let rank = 1;
  let below = ways[0] ?? 0;
  while ((below + (ways[rank] ?? 0)) / total <= TAIL) below += ways[rank++] ?? 0;
  return {
    effect: middleOf(means),
    low: means[rank - 1] ?? Number.NaN,
    high: means[means.length - rank] ?? Number.NaN,
    level: 1 - (2 * below) / total,
    p: signedRankP(differences),
  };
}

/** The median of sorted values. */
function middleOf(sorted: readonly number[]): number {
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

/** Wilcoxon's signed-rank test, exact also with ties. Differences of 0 say nothing and are left out. */
function signedRankP(differences: readonly number[]): number {
  const sizes = differences.filter((each) => each !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  if (sizes.length === 0) return 1;
  // Twice the rank, so that the mean rank of ties is a whole number.
  const ranks = sizes.map((each) => {
    const same = (other: number) => Math.abs(other) === Math.abs(each);
    return sizes.findIndex(same) + 1 + (sizes.findLastIndex(same) + 1);
  });
  const all = ranks.reduce((sum, rank) => sum + rank, 0);
  const positive = ranks.reduce((sum, rank, at) => sum + ((sizes[at] ?? 0) > 0 ? rank : 0), 0);
  const ways = signedRankWays(ranks);
  const extreme = Math.min(positive, all - positive);
  const beyond = ways.slice(0, extreme + 1).reduce((sum, each) => sum + each, 0);
  return Math.min(1, (2 * beyond) / 2 ** sizes.length);
}

/** Index s: the number of subsets of `ranks` whose sum is s. Exact up to 52 ranks, then to a relative 1e-16. */
function signedRankWays(ranks: readonly number[]): readonly number[] {
  const ways = new Array<number>(ranks.reduce((sum, rank) => sum + rank, 0) + 1).fill(0);
  ways[0] = 1;
  for (const rank of ranks)
    for (let sum = ways.length - 1; sum >= rank; sum--)
      ways[sum] = (ways[sum] ?? 0) + (ways[sum - rank] ?? 0);
  return ways;
}

/** Most differences whose signs are all tried: 65,536 combinations. */
const MOST_EXACT = 16;
/** Of more differences. */
const SAMPLES = 19_999;

/**
 * If there is no effect, each difference could as well have the other sign, because a coin decided the order of its
 * block. Interval by subset means (Hartigan 1969). @param seed of the samples, for more than 16 differences
 */
export function signFlip(differences: readonly number[], seed = 1): Interval {
  const n = differences.length;
  const effect = mean(differences);
  const subsets = subsetsOf(n, seed);
  const sumOf = (has: (at: number) => boolean) =>
    differences.reduce((sum, each, at) => sum + (has(at) ? each : 0), 0);
  const all = n * effect;
  // Sums that are equal on paper differ by rounding.
  const extreme = Math.abs(all) - 1e-12 * differences.reduce((sum, each) => sum + Math.abs(each), 0);
  let beyond = 0;
  const means: number[] = [];
  for (const { size, has } of subsets) {
    const sum = sumOf(has);
    if (Math.abs(2 * sum - all) >= extreme) beyond++;
    if (size > 0) means.push(sum / size);
  }
  means.sort((a, b) => a - b);
  const exact = n <= MOST_EXACT;
  // Of the samples the experiment itself is one more.
  const count = subsets.length + (exact ? 0 : 1);
  const rank = Math.max(1, Math.floor(TAIL * count + 1e-9));
  return {
    effect,
    low: means[rank - 1] ?? Number.NaN,
    high: means[means.length - rank] ?? Number.NaN,
    level: 1 - (2 * rank) / count,
    p: (beyond + (exact ? 0 : 1)) / count,
  };
}

interface Subset {
  readonly size: number;
  readonly has: (at: number) => boolean;
}

/** All subsets of n things, or random ones. */
function subsetsOf(n: number, seed: number): readonly Subset[] {
  if (n <= MOST_EXACT)
    return Array.from({ length: 2 ** n }, (_, bits) => ({
      size: bitsIn(bits),
      has: (at: number) => ((bits >>> at) & 1) === 1,
    }));
  const random = randomFrom(seed);
  return Array.from({ length: SAMPLES }, () => {
    const chosen = Array.from({ length: n }, () => random() >>> 31 === 1);
    return { size: chosen.filter(Boolean).length, has: (at: number) => chosen[at] === true };
  });
}

function bitsIn(value: number): number {
  let bits = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) bits++;
  return bits;
}

/** Correlation of each difference with the next one: 0 if blocks do not remember each other. */
export function lag1(differences: readonly number[]): number {
  const middle = mean(differences);
  const off = differences.map((each) => each - middle);
  const square = off.reduce((sum, each) => sum + each * each, 0);
  const product = off.slice(1).reduce((sum, each, at) => sum + each * (off[at] ?? 0), 0);
  return square === 0 ? 0 : product / square;
}

/** More blocks than anybody waits for. */
const MOST_BLOCKS = 100_000;
/** With fewer there is no spread to speak of. */
const FEWEST_BLOCKS = 3;

/** Fewest blocks whose interval is expected to reach no further than `margin` to either side. null: too many. */
export const blocksForMargin = (sd: number, margin: number): number | null => fewest(sd / margin, () => 0);

/** Fewest blocks that show an effect of this size in 4 of 5 experiments. null: too many. */
export const blocksForEffect = (sd: number, effect: number): number | null =>
  fewest(sd / effect, (freedom) => tQuantile(0.8, freedom));

/** The fewest n with n >= ((t(0.975) + power) * ratio)², both with n - 1 degrees of freedom. */
function fewest(ratio: number, power: (freedom: number) => number): number | null {
  const enough = (n: number) => n >= ((tQuantile(1 - TAIL, n - 1) + power(n - 1)) * ratio) ** 2;
  if (!enough(MOST_BLOCKS)) return null;
  let low = FEWEST_BLOCKS - 1;
  let high = MOST_BLOCKS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
