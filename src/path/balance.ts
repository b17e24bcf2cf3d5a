/** How evenly the flows spread over a group's workers; every flow counts the same. */
import type { Group, GroupSocket, Nic } from '../host/types.ts';
import { recordedQueue } from './delivery.ts';
import { receiver, type Surroundings } from './receive.ts';
import { memberSelector } from './select.ts';
import { type QueueShares, queueShares, sharesOf } from './shares.ts';

/**
 * The input from one queue: its share of the NIC's flows, and the CPUs that look up the socket, with equal probability.
 */
interface Part {
  readonly queue: number | null;
  readonly share: number;
  readonly cpus: readonly number[];
  /** Who sends decides which of the CPUs receives, so nothing is known of their shares. */
  readonly bySender: boolean;
}

/** null if the CPUs of any queue are not known. */
function partsOf(nic: Nic, { ofQueue, size }: QueueShares, machine: Surroundings): readonly Part[] | null {
  const queues = new Map(nic.rxQueues.map((queue) => [queue.index, queue]));
  const parts: Part[] = [];
  for (const [index, entries] of ofQueue) {
    const queue = queues.get(index);
    if (queue === undefined) return null;
    const { cpu, anyOf } = receiver(nic, queue, machine);
    const spread = queue.rps !== null && queue.rps.length > 1 && queue.rfsFlows === 0 ? queue.rps : null;
    const bySender = spread === null && anyOf.length > 0;
    const cpus = cpu !== null ? [cpu] : bySender ? anyOf : spread;
    if (cpus === null) return null;
    parts.push({ queue: recordedQueue(nic, index), share: entries / size, cpus, bySender });
  }
  return parts.length > 0 ? parts : null;
}

/** The share of the NIC's flows, 0 to 1, that each CPU receives; null if not known. */
export function cpuShares(nic: Nic, machine: Surroundings): ReadonlyMap<number, number> | null {
  const parts = partsOf(nic, queueShares(nic), machine);
  if (parts === null || parts.some(({ bySender }) => bySender)) return null;
  const shares = new Map<number, number>();
  for (const { share, cpus } of parts)
    for (const cpu of cpus) shares.set(cpu, (shares.get(cpu) ?? 0) + share / cpus.length);
  return shares;
}

/** The share of the group's flows through this NIC, 0 to 1, that its busiest worker gets; null if not known. */
export function busiestWorker(group: Group, nic: Nic, machine: Surroundings): number | null {
  const parts = partsOf(nic, sharesOf(nic, group), machine);
  if (parts === null || group.size < 1 || group.sockets.length < group.size) return null;
  const choose = memberSelector(group);
  const bySlot = new Map(
    group.sockets.flatMap((socket) =>
      socket.slotSource === 'kernel' ? [[socket.slot, socket] as const] : [],
    ),
  );
  const loads = new Map<string, number>();
  const add = (socket: GroupSocket, share: number) => {
    const worker = workerOf(socket);
    loads.set(worker, (loads.get(worker) ?? 0) + share);
  };
  let evenly = 0;
  for (const { queue, share, cpus, bySender } of parts) {
    for (const cpu of cpus) {
      const choice = choose(cpu, queue);
      if (bySender && choice.kind !== 'uniform') return null;
      const own = share / cpus.length;
      if (choice.kind === 'members') for (const [socket, chance] of choice.chances) add(socket, own * chance);
      else if (choice.kind === 'uniform' && choice.slots === group.size) evenly += own;
      else {
        const slots =
          choice.kind === 'slot' ? [choice.slot] : choice.kind === 'uniform' ? range(choice.slots) : [];
        for (const slot of slots) {
          const socket = bySlot.get(slot);
          if (socket === undefined) return null;
          add(socket, own / slots.length);
        }
        if (slots.length === 0) return null;
      }
    }
  }
  if (evenly > 0) for (const socket of group.sockets) add(socket, evenly / group.size);
  return Math.max(...loads.values());
}

const range = (length: number) => Array.from({ length }, (_, index) => index);

/** The thread that serves a socket, or the socket itself if that is not a single thread. */
function workerOf({ owners, inode }: GroupSocket): string {
  const [owner, another] = owners;
  return owner === undefined || another !== undefined || owner.tid === null
    ? `socket ${inode}`
    : `thread ${owner.tid}`;
}
