/** `part` of `total`, 0 to 100 with one decimal; null of nothing. Only all of it is 100, only none of it is 0. */
export function percentOf(part: number, total: number): number | null {
  if (total === 0) return null;
  if (part === 0 || part === total) return part === 0 ? 0 : 100;
  return Math.min(99.9, Math.max(0.1, Math.round((1000 * part) / total) / 10));
}
