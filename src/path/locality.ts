import type { Group, GroupSocket, Owner } from '../host/types.ts';
import { type MemberChoice, type MemberSelector, memberSelector } from './select.ts';
import type { Path } from './types.ts';

/** Where packets go that one CPU receives for a group; as in {@link Path}. */
export type Delivery = Pick<Path, 'slot' | 'worker' | 'localShare' | 'why'>;

/** Has the parameters of a {@link MemberSelector}. */
export type Deliver = (...from: Parameters<MemberSelector>) => Delivery;

/**
 * Analyses a group once, so that many queues need no walk over its members. Reasons for null are a few fixed sentences,
 * because a summary counts them.
 */
export function deliverer(group: Group): Deliver {
  const choose = memberSelector(group);
  const bySlot = new Map(
    group.sockets.flatMap((socket) =>
      socket.slot !== null && socket.slotSource === 'kernel' ? [[socket.slot, socket] as const] : [],
    ),
  );
  const tallies = new Map<number, Tally>();
  const tallyOf = (slots: number): Tally => {
    const tally = tallies.get(slots) ?? count(group, bySlot, slots);
    tallies.set(slots, tally);
    return tally;
  };
  return (cpu, rxQueue) => {
    const choice = choose(cpu, rxQueue);
    switch (choice.kind) {
      case 'slot':
        return ofSlot(choice.slot, bySlot.get(choice.slot), cpu);
      case 'members':
        return ofMembers(choice.chances, cpu);
      case 'uniform':
        return ofTally(tallyOf(choice.slots), choice, cpu);
      case 'unknown':
        return undecided(choice.why);
    }
  };
}

export function undecided(why: string): Delivery {
  return { slot: null, worker: null, localShare: null, why };
}

/** The thread that serves a socket; null if there is none, or it could be one of several. */
function workerOf(socket: GroupSocket): Owner | null {
  const [first] = socket.owners;
  if (first === undefined) return null;
  return socket.owners.every(({ pid, tid }) => pid === first.pid && tid === first.tid) ? first : null;
}

/** The one CPU on which a socket's worker runs, or why it is not known. */
function workerCpu(socket: GroupSocket): number | string {
  const worker = workerOf(socket);
  if (worker === null)
    return socket.owners.length > 0 ? 'several workers serve one socket' : 'a worker is not known';
  const [cpu] = worker.cpus ?? [];
  if (cpu === undefined) return "a worker's CPUs are not readable";
  return worker.cpus?.length === 1 ? cpu : 'a worker is not pinned to one CPU';
}

function ofSlot(slot: number, socket: GroupSocket | undefined, cpu: number): Delivery {
  if (socket === undefined) return { ...undecided('which socket has which slot is not known'), slot };
  const on = workerCpu(socket);
  const worker = shown(socket);
  if (typeof on === 'string') return { slot, worker, localShare: null, why: on };
  const why = `slot ${slot}: worker on CPU ${on}${on === cpu ? '' : `, not ${cpu}`}`;
  return { slot, worker, localShare: on === cpu ? 1 : 0, why };
}

function ofMembers(chances: ReadonlyMap<GroupSocket, number>, cpu: number): Delivery {
  const members = [...chances].map(([socket, chance]) => ({ socket, chance, on: workerCpu(socket) }));
  const [only] = members.length === 1 ? members : [];
  const slot = only?.socket.slotSource === 'kernel' ? only.socket.slot : null;
  const worker = only ? shown(only.socket) : null;
  const unknown = members.find(({ on }) => typeof on === 'string')?.on;
  if (typeof unknown === 'string') return { slot, worker, localShare: null, why: unknown };
  const local = members.filter(({ on }) => on === cpu);
  const localShare = members.length === local.length ? 1 : local.reduce((sum, { chance }) => sum + chance, 0);
  const why = `SO_INCOMING_CPU ${cpu}: ${local.length} of ${members.length} workers on CPU ${cpu}`;
  return { slot, worker, localShare, why };
}

function shown(socket: GroupSocket): Path['worker'] {
  const worker = workerOf(socket);
  return worker && { pid: worker.pid, tid: worker.tid, cpus: worker.cpus };
}

/** The number of members on each CPU, or why it is not known. */
type Tally = ReadonlyMap<number, number> | string;

function count(group: Group, bySlot: ReadonlyMap<number, GroupSocket>, slots: number): Tally {
  const whole = slots === group.size;
  const members = whole ? group.sockets : Array.from({ length: slots }, (_, slot) => bySlot.get(slot));
  if (whole && members.length !== slots) return 'not all members of the group are known';
  const workers = new Map<number, number>();
  for (const socket of members) {
    if (socket === undefined) return 'which socket has which slot is not known';
    const on = workerCpu(socket);
    if (typeof on === 'string') return on;
    workers.set(on, (workers.get(on) ?? 0) + 1);
  }
  return workers;
}

function ofTally(
  tally: Tally,
  { by, slots }: Extract<MemberChoice, { kind: 'uniform' }>,
  cpu: number,
): Delivery {
  if (typeof tally === 'string') return undecided(tally);
  const local = tally.get(cpu) ?? 0;
  return {
    slot: null,
    worker: null,
    localShare: local / slots,
    why: `${by}: ${local} of ${slots} workers on CPU ${cpu}`,
  };
}
