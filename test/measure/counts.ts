/** What a session counts. */
import type { Counts } from '../../src/measure/types.ts';

export const countsOf = (maps: Readonly<Record<string, Readonly<Record<string, number>>>>): Counts =>
  new Map(Object.entries(maps).map(([name, entries]) => [name, new Map(Object.entries(entries))]));
