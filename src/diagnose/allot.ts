/** A CPU for each worker: findings and plans name the same ones. */
import type { Owner } from '../host/types.ts';

export interface Claim {
  readonly owner: Owner;
  /** Slot of its first socket in the group; null if not known. */
  readonly slot: number | null;
}

/**
 * First the workers for whose slot a program picks one of the `best` CPUs get it; then the others get the next free one.
 * A worker that may run on some CPUs only, such as by a cpuset, gets one of these. Workers without a CPU are left out.
 * @param free the best first; what is given is removed @param slotOn the slot that the program picks on a CPU
 */
export function allot<Worker extends Claim>(
  workers: readonly Worker[],
  free: Set<number>,
  best: readonly number[],
  slotOn: (cpu: number) => number | null,
): ReadonlyMap<Worker, number> {
  const cpuOfSlot = new Map(best.toReversed().map((cpu) => [slotOn(cpu), cpu]));
  const given = new Map<Worker, number>();
  const give = (worker: Worker, cpu: number | undefined) => {
    if (cpu !== undefined && reaches(worker.owner, cpu) && free.delete(cpu)) given.set(worker, cpu);
  };
  for (const worker of workers) give(worker, worker.slot === null ? undefined : cpuOfSlot.get(worker.slot));
  for (const worker of workers)
    if (!given.has(worker))
      give(
        worker,
        [...free].find((cpu) => reaches(worker.owner, cpu)),
      );
  return given;
}

/** A pinned worker can be pinned elsewhere; several CPUs may be all that its cpuset has. */
const reaches = ({ cpus }: Owner, cpu: number): boolean =>
  cpus === null || cpus.length === 1 || cpus.includes(cpu);
