/**
 * Events that a share needs before it is shown as a figure of its own. The standard error of a share of n events is at
 * most 0.5/sqrt(n): 5 points of 100 events, so what is mostly local (95 %) and what is mostly remote (below 40 %) cannot
 * be confused. Of a handful of events it would be chance.
 */
export const LEAST_EVENTS = 100;

/** `part` of `total`, 0 to 100 with one decimal; null if `total` is 0. 100 only for all, 0 only for none. */
export function percentOf(part: number, total: number): number | null {
  if (total === 0) return null;
  if (part === 0 || part === total) return part === 0 ? 0 : 100;
  return Math.min(99.9, Math.max(0.1, Math.round((1000 * part) / total) / 10));
}
