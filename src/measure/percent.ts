/** `part` of `total`, 0 to 100 with one decimal; null if `total` is 0. 100 only for all, 0 only for none. */
export function percentOf(part: number, total: number): number | null {
  if (total === 0) return null;
  if (part === 0 || part === total) return part === 0 ? 0 : 100;
  return Math.min(99.9, Math.max(0.1, Math.round((1000 * part) / total) / 10));
}
