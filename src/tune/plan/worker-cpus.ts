/** The CPU for each worker. */
import { allot } from '../../diagnose/allot.ts';
import { membersBySlot } from '../../diagnose/groups.ts';
import { pinnedTo, soleOwner, whyUnpinnable } from '../../diagnose/pinnable.ts';
import { threadOf, tooManyWorkers } from '../../diagnose/workers.ts';
import { type Cpus, formatCpuList } from '../../host/cpus.ts';
import type { Group, GroupSocket, Host, Owner } from '../../host/types.ts';
import type { PlanOptions, Refused } from '../types.ts';
import { mayChange, onlineOf, wholeCores } from './candidates.ts';

export interface WorkerCpus {
  /** By thread, as `threadOf` names it. */
  readonly cpuOf: ReadonlyMap<string, number>;
  readonly refused: readonly Refused[];
}

/**
 * Pinned workers stay where they are, unless another of their group is there or --cpus excludes that CPU: the plan
 * follows them. The others get the CPU that `inspect` names, or that from which `cpu mod size` leads to their slot, or the
 * next free one.
 * @param advised CPUs that `inspect` names, by thread
 */
export function assignWorkers(
  host: Host,
  groups: readonly Group[],
  cpus: Cpus,
  options: PlanOptions,
  advised: (thread: string) => number | undefined,
): WorkerCpus {
  const cpuOf = new Map<string, number>();
  /** Threads that one group leaves where they are; other groups of the same server do so too. */
  const unmoved = new Set<string>();
  const refused: Refused[] = [];
  const online = new Set(onlineOf(host, options));
  for (const group of groups) {
    const workers = workersOf(group);
    const taken = new Set<number>();
    const loose: Worker[] = [];
    for (const worker of workers) {
      const settled = cpuOf.has(worker.thread) || unmoved.has(worker.thread);
      const cpu = cpuOf.get(worker.thread) ?? pinnedTo(worker.owner);
      const stays = cpu !== null && online.has(cpu) && !taken.has(cpu);
      if (!settled && !stays) loose.push(worker);
      else if (cpu !== null) {
        taken.add(cpu);
        cpuOf.set(worker.thread, cpu);
      }
    }
    const free = new Set(wholeCores(host, cpus, workers.length, options).filter((cpu) => !taken.has(cpu)));
    const known = whyNotPinned(group, workers, loose, free.size + taken.size, options);
    const found = new Map(
      loose.flatMap((worker) => {
        const cpu = advised(worker.thread);
        return cpu === undefined || taken.has(cpu) || !online.has(cpu) ? [] : [[worker, cpu] as const];
      }),
    );
    for (const cpu of found.values()) free.delete(cpu);
    const rest = loose.filter((worker) => !found.has(worker));
    const best = [...free].slice(0, rest.length);
    const allotted = new Map([...found, ...allot(rest, free, best, (cpu) => cpu % group.size)]);
    const left = loose.find((worker) => pinnedTo(worker.owner) === null && !allotted.has(worker));
    const why = known ?? (left === undefined ? null : outOfReach(left.owner));
    const refuse = why !== null && loose.some(({ owner }) => pinnedTo(owner) === null);
    if (refuse) refused.push({ subject: group.id, why });
    for (const worker of loose) {
      const given = refuse ? undefined : allotted.get(worker);
      if (given === undefined) unmoved.add(worker.thread);
      const cpu = given ?? pinnedTo(worker.owner);
      if (cpu !== null) cpuOf.set(worker.thread, cpu);
    }
  }
  return { cpuOf, refused };
}

interface Worker {
  readonly thread: string;
  readonly owner: Owner;
  /** Slot of its first socket in the group. */
  readonly slot: number | null;
}

/** In slot order if slots are known; a thread with several members of the group is one worker. */
function workersOf(group: Group): readonly Worker[] {
  const slotOf = new Map([...membersBySlot(group)].map(([slot, socket]) => [socket, slot]));
  const workers = new Map<string, Worker>();
  for (const socket of inSlotOrder(group)) {
    const owner = soleOwner(socket);
    if (owner === null || workers.has(threadOf(owner))) continue;
    workers.set(threadOf(owner), { thread: threadOf(owner), owner, slot: slotOf.get(socket) ?? null });
  }
  return [...workers.values()];
}

export function inSlotOrder(group: Group): readonly GroupSocket[] {
  return group.sockets.toSorted((one, other) => (one.slot ?? group.size) - (other.slot ?? group.size));
}

function whyNotPinned(
  group: Group,
  workers: readonly Worker[],
  loose: readonly Worker[],
  cpus: number,
  options: PlanOptions,
): string | null {
  if (!mayChange(options, 'pin'))
    return 'Its workers are not pinned to one CPU each, and --only excludes pinning.';
  const unknown = whyUnpinnable(group);
  if (unknown !== null) return unknown;
  const many = loose.find(({ owner }) => owner.tid === null)?.owner;
  if (many !== undefined)
    return (
      `Which thread of ${many.comm} ${many.pid} serves its socket is not known, so none is pinned: ` +
      `\`taskset -acp CPU ${many.pid}\` pins them all.`
    );
  return tooManyWorkers(workers.length, cpus);
}

function outOfReach({ comm, pid, cpus }: Owner): string {
  const where = formatCpuList(cpus ?? []);
  return `${comm} ${pid} may run on ${where} only (its cpuset?), and no CPU is left for it there, so no worker is pinned.`;
}
