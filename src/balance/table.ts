/**
 * Weighted rendezvous hashing: each row of a table belongs to the backend with the highest score there. If a backend
 * comes or goes, or its weight changes, only rows that it gains or loses change. Pure, and the same on every machine:
 * Math.log is V8's own (ieee754::log), not the system's.
 */
import { createHash } from 'node:crypto';
import { hashOf } from '../xdp/hash.ts';
import { addressWords } from './address-words.ts';
import type { Backend, Vip } from './types.ts';

/** A power of two: the program takes the low bits of a flow's hash. */
export const ROWS = 65_536;

/** Index of a backend in `Vip.backends`, for each row. */
export type Table = Uint16Array;

/** 32 bits of the seed, for the program and for the rows. */
export const seedOf = (seed: string): number => createHash('sha256').update(seed).digest().readUInt32LE(0);

/** Takes milliseconds for a few backends, and a second for hundreds. */
export function tableOf({ backends }: Pick<Vip, 'backends'>, seed: number): Table {
  const rows = new Uint16Array(ROWS);
  const best = new Float64Array(ROWS);
  // The order in the file must not matter, not even if two scores are equal.
  const ordered = backends
    .map((backend, index) => ({ index, backend, key: hashOf(seed, addressWords(backend.address)) }))
    .sort((a, b) => (a.backend.address < b.backend.address ? -1 : 1));
  for (const { index, backend, key } of ordered)
    for (let row = 0; row < ROWS; row++) {
      const score = backend.weight * luck(hashOf(key, [row]));
      if (score > (best[row] ?? 0)) {
        best[row] = score;
        rows[row] = index;
      }
    }
  return rows;
}

/** 1 / -ln(u) for u evenly in (0, 1): the highest of these, each times a weight, wins in proportion to the weight. */
const luck = (hash: number): number => -1 / Math.log((hash + 0.5) / 2 ** 32);

/** Number of rows of each backend, in the order of the file. */
export function rowCounts(table: Table, { backends }: Pick<Vip, 'backends'>): readonly number[] {
  const counts = new Array<number>(backends.length).fill(0);
  for (const index of table) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

/** The expected share of the rows, 0 to 1. */
export function fairShare({ weight }: Backend, { backends }: Pick<Vip, 'backends'>): number {
  const all = backends.reduce((sum, each) => sum + each.weight, 0);
  return all === 0 ? 0 : weight / all;
}
