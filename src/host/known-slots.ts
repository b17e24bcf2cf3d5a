/** Slots and programs as they were last read, for readings without bpftrace. */
import type { System } from '../system/types.ts';
import { type HostOptions, readHost } from './host.ts';
import type { GroupAddresses } from './inquiry.ts';
import { readSockets, SLOTS_UNREAD } from './sockets.ts';
import type { Group, GroupSocket, Host } from './types.ts';

const BEING_READ = 'slots and programs are being read';
const NOT_READ = 'slots and programs are read only as root, and not with --no-probes';

/** Groups as bpftrace last saw them, by id. */
export type KnownSlots = ReadonlyMap<string, Group>;

/**
 * Everything that needs no bpftrace; slots, selections and programs come from `known` if the group has not changed
 * since.
 */
export async function readQuickly(
  system: System,
  { ifaces, port }: Pick<HostOptions, 'ifaces' | 'port'>,
  known: KnownSlots,
  readsSlots: boolean,
): Promise<Host> {
  const host = await readHost(system, { ifaces, port, slots: false, sampleSeconds: 0 });
  const why = readsSlots ? BEING_READ : NOT_READ;
  return { ...host, groups: host.groups.map((group) => withSlots(group, known.get(group.id), why)) };
}

/** Groups, and where the kernel has them. */
export interface SlotsRead {
  readonly known: KnownSlots;
  readonly addresses: readonly GroupAddresses[];
}

/** Starts bpftrace for some hundred milliseconds: only as root, and rarely. */
export async function readSlotsOf(
  system: System,
  arch: string | null,
  port: number | null,
): Promise<SlotsRead> {
  const { groups, addresses } = await readSockets(system, arch, { port, slots: true, sampleSeconds: 0 });
  return { known: new Map(groups.map((group) => [group.id, group])), addresses };
}

/** Must the slots be read again? Yes if a group is new, or has other sockets than before. */
export const isOutdated = (groups: readonly Group[], known: KnownSlots): boolean =>
  outdated(groups, known).length > 0;

/** The groups of which they must. */
export const outdated = (groups: readonly Group[], known: KnownSlots): readonly Group[] =>
  groups.filter((group) => !hasSameSockets(group, known.get(group.id)));

/** Keeps the slots of the sockets; their workers and queues are those that were just read. */
export function withSlots(now: Group, known: Group | undefined, why: string): Group {
  if (known === undefined || !hasSameSockets(now, known))
    return { ...now, notes: now.notes.map((note) => (note === SLOTS_UNREAD ? why : note)) };
  const fresh = new Map(now.sockets.map((socket) => [socket.inode, socket]));
  const { selection, program, incomingCpuHonoured, notes } = known;
  const sockets = known.sockets.map((socket) => {
    const { slot, slotSource, incomingCpu } = socket;
    return { ...(fresh.get(socket.inode) ?? socket), slot, slotSource, incomingCpu };
  });
  return { ...now, selection, program, incomingCpuHonoured, notes, sockets };
}

/**
 * A group that has other sockets than before, but the same program, with its slots as they are now. SO_INCOMING_CPU has no effect
 * beside a program. null where there is none, or one port has several groups. @param slots inodes in order; null: not known
 */
export function withOrder(
  now: Group,
  known: Group | undefined,
  slots: readonly number[] | null,
): Group | null {
  if (slots === null || known === undefined || known.program === null || known.kernelGroups !== 1)
    return null;
  const before = new Map(known.sockets.map((socket) => [socket.inode, socket]));
  const fresh = new Map(now.sockets.map((socket) => [socket.inode, socket]));
  const sockets = slots.flatMap((inode, slot): GroupSocket[] => {
    const socket = fresh.get(inode);
    const incomingCpu = before.get(inode)?.incomingCpu ?? null;
    return socket === undefined ? [] : [{ ...socket, slot, slotSource: 'kernel', incomingCpu }];
  });
  const { selection, program, incomingCpuHonoured, notes, newFlows } = known;
  return sockets.length === now.sockets.length
    ? { ...now, selection, program, incomingCpuHonoured, notes, newFlows, kernelGroups: 1, sockets }
    : null;
}

/** A group whose program was detached: SO_INCOMING_CPU has an effect again where it is set. */
export function withoutProgram(known: Group): Group {
  const decides = known.incomingCpuHonoured && known.sockets.some(({ incomingCpu }) => incomingCpu !== null);
  return { ...known, program: null, selection: decides ? 'incoming_cpu' : 'hash' };
}

function hasSameSockets(now: Group, known: Group | undefined): boolean {
  if (known?.sockets.length !== now.sockets.length) return false;
  const inodes = new Set(known.sockets.map(({ inode }) => inode));
  return now.sockets.every(({ inode }) => inodes.has(inode));
}
