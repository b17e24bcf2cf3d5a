/** The number of interrupts of each vector of a NIC since boot, which is all that every machine shows of its load. */
import { remember } from '../path/remember.ts';
import type { Vector } from './vectors.ts';

/** A million: minutes of load on one queue. Fewer do not show how load spreads, and delay nobody. */
export const ENOUGH_INTERRUPTS = 1_000_000;

/** Of the vectors that receive; null where they are not counted. A TX interrupt that moves along (virtio) does not count. */
export function interruptLoads(vectors: readonly Vector[]): ReadonlyMap<Vector, number> | null {
  const loads = new Map<Vector, number>();
  for (const vector of vectors) {
    if (vector.rx.length === 0) continue;
    const counted = vector.irqs.filter(({ role, counts }) => role !== 'tx' && counts.length > 0);
    if (counted.length === 0) return null;
    loads.set(vector, sum(counted.map(({ counts }) => taken(counts))));
  }
  return loads.size > 0 ? loads : null;
}

/** Of one IRQ, added up once: a plan looks at many versions of a machine, all with the same counts of each CPU. */
export const taken = remember((counts: readonly number[]): number => sum(counts));

/**
 * More than twice its share, or so much that the others get less than a fifth of theirs: of two queues, twice the share
 * would be everything. Of more than 16, the busiest has more by chance: of 64 it may have 3 times its share, of 256 4 times.
 * Both are shares of the whole, 0 to 1.
 */
export function isTooMuch(share: number, fair: number): boolean {
  const times = 2 + Math.max(0, Math.log2(1 / fair / 16)) / 2;
  return share > Math.min(times * fair, 1 - (1 - fair) / 5);
}

export const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
};
