/** Backends that are attached with a weight and get no packets, because a health check took them away. Pure. */
import type { AttachedVip } from './in-force.ts';
import { rowCounts, type Table, tableOf } from './table.ts';

/** The table of a VIP without these backends. */
export const tableWithout = (vip: AttachedVip, seed: number, out: ReadonlySet<string>): Table =>
  tableOf(
    {
      backends: vip.backends.map((each) => (out.has(each.address) ? { ...each, weight: 0 } : each)),
    },
    seed,
  );

/** The backends without a row that have some by their weights. @param counts rows of each backend now */
export function outOfService(vip: AttachedVip, seed: number, counts: readonly number[]): ReadonlySet<string> {
  const { backends } = vip;
  if (!backends.some(({ weight }, at) => weight > 0 && counts[at] === 0)) return new Set();
  // With a tiny weight a backend may have no row anyway.
  const full = rowCounts(tableOf(vip, seed), vip);
  return new Set(
    backends.flatMap(({ address }, at) => (counts[at] === 0 && (full[at] ?? 0) > 0 ? [address] : [])),
  );
}
