/** Binary search in classic BPF: finds the range that holds A among many neighbouring ranges. */
import { isBelow, JA, JGE, type ProgramLine } from './line.ts';

/** From `from` up to the next segment all numbers have the same value; null if no range covers them. */
export interface Segment<T> {
  readonly from: number;
  readonly value: T | null;
}

/** Covers all unsigned numbers with as few segments as possible. `entries` may be in any order. */
export function segments<T>(entries: Iterable<readonly [number: number, value: T]>): Segment<T>[] {
  const found: Segment<T>[] = [];
  const add = (from: number, value: T | null) => {
    const last = found.at(-1);
    if (last === undefined || last.value !== value) found.push({ from, value });
  };
  let next = 0;
  for (const [number, value] of [...entries].sort(([one], [other]) => one - other)) {
    if (number > next) add(next, null);
    add(number, value);
    next = number + 1;
  }
  add(next, null);
  return found;
}

/**
 * One instruction per segment, the lower half first. A conditional jump reaches 255 instructions, `ja` any distance.
 * @param leaf where a search ends
 * @param what A holds, in plural, for the comments
 */
export function search<T>(
  line: readonly Segment<T>[],
  leaf: (segment: Segment<T>) => ProgramLine,
  what: string,
): ProgramLine[] {
  const middle = line.length >> 1;
  const upper = line[middle];
  if (upper === undefined) return [];
  if (middle === 0) return [leaf(upper)];
  const low = search(line.slice(0, middle), leaf, what);
  const high = search(line.slice(middle), leaf, what);
  const comment = `${what} from ${upper.from} on`;
  if (low.length <= 255) return [[[JGE, low.length, 0, upper.from], comment], ...low, ...high];
  return [
    [[JGE, 0, 1, upper.from], comment],
    [[JA, 0, 0, low.length], 'too far for a conditional jump'],
    ...low,
    ...high,
  ];
}

/** The segments of a program that {@link search} wrote, from its bounds and the values in its leaves. */
export function readSegments<T>(bounds: readonly number[], leaves: readonly (T | null)[]): Segment<T>[] {
  const froms = [0, ...bounds.toSorted((one, other) => one - other)];
  return froms.map((from, index) => ({ from, value: leaves[index] ?? null }));
}

/** Inverse of {@link segments}; null if a covered range has no end, or lies beyond `limit`. */
export function entriesOf<T>(
  line: readonly Segment<T>[],
  limit: number,
): [number: number, value: T][] | null {
  const entries: [number, T][] = [];
  for (const [index, { from, value }] of line.entries()) {
    if (value === null) continue;
    const end = line[index + 1]?.from;
    if (end === undefined || !isBelow(limit + 1, end)) return null;
    for (let number = from; number < end; number++) entries.push([number, value]);
  }
  return entries;
}
