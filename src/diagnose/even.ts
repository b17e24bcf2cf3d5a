/** Spreads interrupts evenly over CPUs, with as few moves as possible. */
import type { Cpus } from '../host/cpus.ts';

interface Placed {
  /** null: not known. */
  readonly cpu: number | null;
  readonly movable: boolean;
}

/**
 * Chooses a CPU for each vector: the counts of two CPUs differ by at most one, as far as fixed vectors allow. A vector
 * stays if that is even; otherwise vector i goes to the i-th CPU, round after round.
 * @param cpus the best first; none: nothing moves
 * @param first CPUs that each get one before any other CPU
 * @param aligned a vector that must move goes to the CPU of its index in `cpus`
 */
export function spreadEvenly<V extends Placed>(
  vectors: readonly V[],
  cpus: Cpus,
  {
    first = new Set(),
    aligned = false,
  }: { readonly first?: ReadonlySet<number>; readonly aligned?: boolean } = {},
): Map<V, number | null> {
  const cpuOf = new Map<V, number | null>(vectors.map((vector) => [vector, vector.cpu]));
  const movable = vectors.filter((each) => each.movable);
  if (cpus.length === 0) return cpuOf;
  const turns = turnsOf(vectors, movable.length, cpus, first);
  const room = countEach(turns);
  const waiting = new Set(movable);
  const give = (vector: V, cpu: number | null | undefined) => {
    const left = room.get(cpu ?? -1) ?? 0;
    if (cpu === null || cpu === undefined || left === 0 || !waiting.delete(vector)) return;
    room.set(cpu, left - 1);
    cpuOf.set(vector, cpu);
  };
  for (const [index, vector] of movable.entries())
    if ((aligned ? cpus[index % cpus.length] : turns[index]) === vector.cpu) give(vector, vector.cpu);
  for (const vector of [...waiting]) give(vector, vector.cpu);
  if (aligned)
    for (const [index, vector] of movable.entries())
      if (waiting.has(vector)) give(vector, cpus[index % cpus.length]);
  const open = turns.filter((cpu) => take(room, cpu));
  for (const [index, vector] of [...waiting].entries()) cpuOf.set(vector, open[index] ?? vector.cpu);
  return cpuOf;
}

/** One CPU for each moving vector, round after round; in a round CPUs that keep a vector come first. */
function turnsOf(
  vectors: readonly Placed[],
  needed: number,
  cpus: Cpus,
  first: ReadonlySet<number>,
): readonly number[] {
  const known = vectors.filter(({ cpu }) => cpu !== null);
  const fixed = countEach(known.flatMap(({ cpu, movable }) => (movable ? [] : (cpu ?? []))));
  const has = countEach(known.flatMap(({ cpu, movable }) => (movable ? (cpu ?? []) : [])));
  const turns: number[] = [];
  for (let round = 0; turns.length < needed; round++) {
    const rank = (cpu: number) => {
      const given = round - (fixed.get(cpu) ?? 0);
      const last = round === 0 && first.size > 0 && !first.has(cpu);
      return (last ? 2 : 0) + ((has.get(cpu) ?? 0) > given ? 0 : 1);
    };
    const open = cpus.filter((cpu) => (fixed.get(cpu) ?? 0) <= round);
    turns.push(...open.toSorted((one, other) => rank(one) - rank(other)));
  }
  return turns.slice(0, needed);
}

export function countEach(numbers: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const each of numbers) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

function take(room: Map<number, number>, cpu: number): boolean {
  const left = room.get(cpu) ?? 0;
  if (left > 0) room.set(cpu, left - 1);
  return left > 0;
}
