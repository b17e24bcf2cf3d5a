/**
 * What the rules about reuseport groups ask: which NICs feed one, who sits where, what its program can reach.
 */
import { type Recognised, recognise } from '../cbpf/programs.ts';
import type { Group, GroupSocket, Host, Nic } from '../host/types.ts';
import { livePorts, oneCpu, receivingCpus } from './nics.ts';
import type { View } from './types.ts';

/** A group of two members or more; a single SO_REUSEPORT socket leaves the kernel nothing to choose. */
export interface Served {
  readonly group: Group;
  /** NICs whose packets can reach it. */
  readonly nics: readonly Nic[];
  /** CPUs on which those NICs' packets meet it; null when one of them is not known. */
  readonly cpus: ReadonlySet<number> | null;
}

export function servedGroups(view: View): readonly Served[] {
  const flows = view.host.machine.rpsSockFlowEntries;
  const nics = new Map(
    livePorts(view.host).map((nic) => [nic.name, { nic, cpus: receivingCpus(nic, flows) }]),
  );
  const joined = Map.groupBy(view.expected, ({ group }) => group);
  return view.host.groups
    .filter(({ size }) => size > 1)
    .map((group) => {
      const feeding = (joined.get(group.id) ?? []).flatMap(({ nic }) => nics.get(nic) ?? []);
      return { group, nics: feeding.map(({ nic }) => nic), cpus: union(feeding.map(({ cpus }) => cpus)) };
    });
}

function union(sets: readonly (ReadonlySet<number> | null)[]): ReadonlySet<number> | null {
  const all = new Set<number>();
  for (const set of sets) {
    if (set === null) return null;
    for (const cpu of set) all.add(cpu);
  }
  return all.size > 0 ? all : null;
}

/**
 * The program of ours that is attached; null without one, and for a foreign one, of which nothing can be
 * said.
 */
export function ownProgram(group: Group): Recognised | null {
  const instructions = group.program?.instructions ?? null;
  return instructions === null ? null : recognise(instructions);
}

/** The slot that a program picks on a CPU; null where the CPU does not decide it. */
export function slotOn(program: Recognised, cpu: number): number | null {
  if (program.name === 'cpu') return cpu % program.modulus;
  return program.name === 'map' ? (program.slotOfCpu.get(cpu) ?? null) : null;
}

/**
 * Slots that a program can pick on these CPUs. null when nothing bounds them: an index outside of the group,
 * and a CPU that a map leaves out, go to the kernel's hash (reuseport_select_sock), which reaches every
 * member.
 */
export function reachable(
  program: Recognised,
  cpus: Iterable<number>,
  size: number,
): ReadonlySet<number> | null {
  if (program.name === 'rand') return program.modulus > size ? null : new Set(Array(program.modulus).keys());
  const slots = new Set<number>();
  for (const cpu of cpus) {
    const slot = slotOn(program, cpu);
    if (slot === null || slot >= size) return null;
    slots.add(slot);
  }
  return slots;
}

/** Members by slot, as read from the kernel; a guessed order would turn a finding into a guess. */
export function membersBySlot(group: Group): ReadonlyMap<number, GroupSocket> {
  const known = group.sockets.filter((socket) => socket.slotSource === 'kernel');
  return new Map(known.flatMap((socket) => (socket.slot === null ? [] : [[socket.slot, socket] as const])));
}

/** CPU of each member whose worker is pinned to one. */
export function pinnedMembers(group: Group): ReadonlyMap<GroupSocket, number> {
  const pinned = new Map<GroupSocket, number>();
  for (const socket of group.sockets) {
    const cpu = oneCpu(socket);
    if (cpu !== null) pinned.set(socket, cpu);
  }
  return pinned;
}

/** CPUs that a worker of any group is pinned to. */
export function workerCpus(host: Host): ReadonlySet<number> {
  return new Set(host.groups.flatMap((group) => [...pinnedMembers(group).values()]));
}

/** `slot 3 (nginx 29333)`; without a slot where that would be a guess. */
export function memberName(socket: GroupSocket): string {
  return socket.slotSource === 'kernel' ? `slot ${socket.slot} (${ownerName(socket)})` : ownerName(socket);
}

/** `nginx 29333`, several of one socket by their numbers. */
export function ownerName(socket: GroupSocket): string {
  const comm = socket.owners[0]?.comm;
  return comm === undefined ? 'no process' : `${comm} ${socket.owners.map(({ pid }) => pid).join(', ')}`;
}
