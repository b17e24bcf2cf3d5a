/** Sums the shares of each queue, CPU and worker. */
import type { Group, GroupSocket } from '../host/types.ts';
import type { MemberChoice } from '../path/select.ts';

/** Flows, or table entries, with the same path. */
export interface LoadSample {
  readonly weight: number;
  /** null if no queue is chosen there. */
  readonly nic: string | null;
  readonly queue: number | null;
  /** The CPU that looks up the socket. */
  readonly cpu: number | null;
  readonly group: Group | null;
  readonly choice: MemberChoice;
  readonly localShare: number | null;
  readonly why: string;
}

/** Shares are 0 to 1 of what was counted; those of one kind, with its unknown share, add up to 1. */
export interface Sums {
  /** Entries of the table, or flows. */
  readonly counted: number;
  /** Expected rx locality, 0 to 1; null if any part is not known. */
  readonly local: number | null;
  readonly queues: readonly { readonly nic: string; readonly queue: number; readonly share: number }[];
  readonly cpus: readonly { readonly cpu: number; readonly share: number }[];
  readonly workers: readonly WorkerLoad[];
  readonly unknown: { readonly queues: number; readonly cpus: number; readonly workers: number };
  /** Reasons for what is not known, and assumptions. */
  readonly notes: readonly string[];
}

export interface WorkerLoad {
  readonly group: string;
  /** null: not known, or a socket without a group. */
  readonly slot: number | null;
  readonly pid: number | null;
  /** The CPU to which it is pinned. */
  readonly cpu: number | null;
  readonly share: number;
}

export interface LoadTally {
  add(sample: LoadSample): void;
  sums(): Sums;
}

/** @param queues that are shown even if they get nothing */
export function tally(queues: readonly { readonly nic: string; readonly queue: number }[]): LoadTally {
  const byQueue = new Map(queues.map((each) => [`${each.nic} ${each.queue}`, { ...each, weight: 0 }]));
  const byCpu = new Map<number, number>();
  const byGroup = new Map<Group, Chosen>();
  const reasons = new Map<string, number>();
  const unknown = { queues: 0, cpus: 0, workers: 0 };
  let counted = 0;
  let local = 0;
  return {
    add({ weight, nic, queue, cpu, group, choice, localShare, why }) {
      counted += weight;
      const place = byQueue.get(`${nic} ${queue}`);
      if (place !== undefined) place.weight += weight;
      else if (nic !== null) unknown.queues += weight;
      if (cpu === null) unknown.cpus += weight;
      else byCpu.set(cpu, (byCpu.get(cpu) ?? 0) + weight);
      if (group === null || choice.kind === 'unknown') unknown.workers += weight;
      if (group !== null) count(byGroup, group, choice, weight);
      if (localShare === null) reasons.set(why, (reasons.get(why) ?? 0) + weight);
      else local += weight * localShare;
    },
    sums() {
      const share = (weight: number) => (counted === 0 ? 0 : weight / counted);
      return {
        counted,
        local: counted === 0 || reasons.size > 0 ? null : local / counted,
        queues: [...byQueue.values()].map(({ nic, queue, weight }) => ({ nic, queue, share: share(weight) })),
        cpus: [...byCpu]
          .sort(([one], [other]) => one - other)
          .map(([cpu, weight]) => ({ cpu, share: share(weight) })),
        workers: [...byGroup].flatMap(([group, chosen]) => workersOf(group, chosen, share)),
        unknown: {
          queues: share(unknown.queues),
          cpus: share(unknown.cpus),
          workers: share(unknown.workers),
        },
        notes: [...reasons].map(([why, weight]) =>
          weight === counted ? why : `${why} (${Math.round(weight)} of ${Math.round(counted)})`,
        ),
      };
    },
  };
}

/** Weights of a group's members; shares that are spread evenly over all slots are divided at the end. */
interface Chosen {
  readonly slots: Map<number, number>;
  readonly members: Map<GroupSocket, number>;
  readonly uniform: Map<number, number>;
}

function count(byGroup: Map<Group, Chosen>, group: Group, choice: MemberChoice, weight: number): void {
  const chosen = byGroup.get(group) ?? { slots: new Map(), members: new Map(), uniform: new Map() };
  byGroup.set(group, chosen);
  const add = <K>(map: Map<K, number>, key: K, more: number) => map.set(key, (map.get(key) ?? 0) + more);
  if (choice.kind === 'slot') add(chosen.slots, choice.slot, weight);
  if (choice.kind === 'uniform') add(chosen.uniform, choice.slots, weight);
  if (choice.kind === 'members')
    for (const [socket, chance] of choice.chances) add(chosen.members, socket, weight * chance);
}

/** All members, in the group's order, because users look for members that get nothing. */
function workersOf(
  group: Group,
  { slots, members, uniform }: Chosen,
  share: (weight: number) => number,
): WorkerLoad[] {
  const spread = (slot: number | null) =>
    [...uniform].reduce(
      (sum, [of, weight]) => sum + (of === group.size || (slot !== null && slot < of) ? weight / of : 0),
      0,
    );
  return group.sockets.map((socket): WorkerLoad => {
    const slot = socket.slotSource === 'kernel' ? socket.slot : null;
    const weight = (slot === null ? 0 : (slots.get(slot) ?? 0)) + (members.get(socket) ?? 0) + spread(slot);
    const [owner] = socket.owners;
    return {
      group: group.id,
      slot,
      pid: owner?.pid ?? null,
      cpu: socket.cpus.length === 1 ? (socket.cpus[0] ?? null) : null,
      share: share(weight),
    };
  });
}
