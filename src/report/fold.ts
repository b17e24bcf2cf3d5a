/** Shortens long tables: rows that continue a series become one. */
import type { Cpus } from '../host/cpus.ts';

export interface Fold<T> {
  readonly first: T;
  /** All rows, including the first. */
  readonly rows: readonly T[];
}

const SHORTEST = 3;

/**
 * Splits rows into stretches of three or more in which each row differs from the one before in the same way, and
 * the single rows between them.
 * @param step how two rows differ, as a word to compare; null if they do not belong together
 */
export function fold<T>(
  rows: readonly T[],
  step: (before: T, after: T) => string | null,
): readonly Fold<T>[] {
  const steps = rows.slice(1).map((row, index) => step(rows[index] ?? row, row));
  const folds: Fold<T>[] = [];
  let until = 0;
  rows.forEach((first, start) => {
    if (start < until) return;
    let end = start;
    while (end < steps.length && steps[end] !== null && steps[end] === steps[start]) end++;
    until = end + 1 - start < SHORTEST ? start + 1 : end + 1;
    folds.push({ first, rows: rows.slice(start, until) });
  });
  return folds;
}

/** Merges rows with the same key, in order of their first rows. */
export function gather<T>(rows: readonly T[], key: (row: T) => string): readonly Fold<T>[] {
  return [...Map.groupBy(rows, key).values()].flatMap((alike) =>
    alike.slice(0, 1).map((first) => ({ first, rows: alike })),
  );
}

/** How a number changes from row to row; an unknown one matches only unknown ones. */
export function delta(before: number | null, after: number | null): string {
  if (before === null || after === null) return before === after ? 'unknown' : 'appears';
  return String(after - before);
}

/** By how much a set of CPUs is shifted from row to row; null if it is another set, not the same one shifted. */
export function shift(before: Cpus | null, after: Cpus | null): string | null {
  if (before === null || after === null) return before === after ? 'unknown' : null;
  const by = (after[0] ?? 0) - (before[0] ?? 0);
  const moved = before.length === after.length && before.every((cpu, at) => after[at] === cpu + by);
  return moved ? String(by) : null;
}
