/** Builds reuseport groups and lone sockets from what was read. Pure. */
import { disassemble } from '../cbpf/disassemble.ts';
import { recognise } from '../cbpf/programs.ts';
import type { DiagSocket } from '../system/types.ts';
import type { SlotReading } from './inquiry.ts';
import type { Listener } from './listeners.ts';
import type { Holder } from './processes.ts';
import type { Group, GroupSocket, LoneSocket, Owner, Program } from './types.ts';

/** What is joined with the sockets of all listeners, by inode. */
export interface Served {
  readonly owners: ReadonlyMap<number, readonly Owner[]>;
  readonly holders: ReadonlyMap<number, readonly Holder[]>;
  readonly netns: number | null;
  /** Datagrams read during `sampledSeconds`; null if not sampled. */
  readonly packets: ReadonlyMap<number, number> | null;
  readonly sampledSeconds: number | null;
}

/**
 * The groups of an address and port, the one that takes new flows first. `readings`: the kernel's answer, or why there
 * is none. `guess`: number the slots by age if the age is known.
 */
export function toGroups(
  listener: Listener,
  readings: readonly SlotReading[] | string,
  guess: boolean,
  served: Served,
): readonly Group[] {
  if (typeof readings === 'string') return [toGroup(listener, readings, guess, served)];
  const takesNew = (group: Group): boolean =>
    listener.protocol === 'tcp' || group.sockets.some(({ inode }) => inode === listener.foremost);
  const groups = readings
    .map((reading) => toGroup(listener, reading, guess, served))
    .sort((a, b) => Number(takesNew(b)) - Number(takesNew(a)));
  // A socket outside all groups that were read may get them, such as one that got SO_REUSEPORT after its bind().
  const known = groups.some(takesNew);
  const total = groups.reduce((sum, { size }) => sum + size, 0);
  return groups.map((group, at) => {
    const newFlows = known ? takesNew(group) : null;
    const split = groups.length === 1 ? [] : [splitNote(newFlows, groups.length, total - group.size)];
    const id = at === 0 ? group.id : `${group.id} group ${at + 1}`;
    return { ...group, id, kernelGroups: groups.length, newFlows, notes: [...split, ...group.notes] };
  });
}

function splitNote(newFlows: boolean | null, groups: number, elsewhere: number): string {
  const all = `connect() has split the sockets of this port into ${groups} groups`;
  if (newFlows === null) return `${all}: which of them takes new flows is not known`;
  return newFlows
    ? `${all}: this one takes every new flow, and the other ${elsewhere} sockets take none`
    : `${all}: this one takes no new flow`;
}

function toGroup(listener: Listener, reading: SlotReading | string, guess: boolean, served: Served): Group {
  const { id, protocol, address, port, device, uid, sockets, connected } = listener;
  const read = typeof reading === 'string' ? null : reading;
  const known = new Map([...sockets, ...connected].map((socket) => [socket.inode, socket]));
  const byAge = guess && read === null && sameBatch(sockets);
  const sampled = protocol === 'udp' && served.packets !== null;
  const members = (read?.slots ?? sockets.map(({ inode }) => inode)).map((inode, index): GroupSocket => {
    const owners = served.owners.get(inode) ?? [];
    const socket = known.get(inode);
    return {
      inode,
      slot: read !== null || byAge ? index : null,
      slotSource: read !== null ? 'kernel' : byAge ? 'guess' : null,
      owners,
      holders: served.holders.get(inode) ?? [],
      cpus: [...new Set(owners.flatMap(({ cpus }) => cpus ?? []))].sort((a, b) => a - b),
      recvQueue: socket?.recvQueue ?? null,
      drops: socket?.drops ?? null,
      connected: socket === undefined ? null : socket.peerPort !== 0,
      incomingCpu: read?.incomingCpus[index] ?? null,
      packets: sampled ? (served.packets?.get(inode) ?? 0) : null,
    };
  });
  const notes = typeof reading === 'string' ? [reading] : [];
  if (byAge)
    notes.push(
      'slots are guessed from the age of the sockets; they are wrong if a worker has ever been replaced',
    );
  if (members.some(({ inode }) => !known.has(inode))) notes.push('the group changed while it was read');
  return {
    id,
    protocol,
    address,
    port,
    device,
    netns: served.netns,
    uid,
    size: members.length,
    kernelGroups: null,
    newFlows: null,
    selection: read?.selection ?? null,
    program: read === null ? null : toProgram(read),
    sampledSeconds: sampled ? served.sampledSeconds : null,
    incomingCpuHonoured: read?.incomingCpuHonoured ?? null,
    sockets: members,
    notes,
  };
}

/**
 * Socket inodes are numbered from batches of 1,024 that each CPU takes for itself (fs/inode.c, get_next_ino): only
 * within one batch a higher number means a younger socket.
 */
function sameBatch(sockets: readonly DiagSocket[]): boolean {
  const batches = new Set(sockets.map(({ inode }) => Math.floor((inode - 1) / 1024)));
  return batches.size === 1;
}

function toProgram({ program }: SlotReading): Program | null {
  if (program === null) return null;
  if (program.kind === 'ebpf') return { kind: 'ebpf', name: program.name, asm: null, instructions: null };
  const { instructions } = program;
  return {
    kind: 'cbpf',
    name: recognise(instructions)?.name ?? null,
    asm: disassemble(instructions),
    instructions,
  };
}

/**
 * Sockets of a listener that are in no group. Every TCP listener counts. A UDP socket counts if several processes serve
 * it or it shows traffic (bytes waiting, drops): the rest are mostly unconnected clients, which look like an idle
 * server.
 */
export function toLone(listener: Listener, grouped: ReadonlySet<number>, served: Served): LoneSocket[] {
  const { id, protocol, address, port, device, sockets } = listener;
  return sockets.flatMap(({ inode, recvQueue, drops }) => {
    if (grouped.has(inode)) return [];
    const owners = served.owners.get(inode) ?? [];
    const processes = new Set(owners.map(({ pid }) => pid)).size;
    const busy = processes > 1 || recvQueue > 0 || (drops ?? 0) > 0;
    return protocol === 'tcp' || busy
      ? [{ id, protocol, address, port, device, inode, owners, processes, recvQueue, drops }]
      : [];
  });
}
