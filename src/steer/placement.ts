/** Where the workers of a group run: the input of programs that follow the workers. */
import type { NumaNode } from '../cbpf/programs/program.ts';
import type { Cpus } from '../host/cpus.ts';
import type { Group, GroupSocket } from '../host/types.ts';
import { failure } from '../system/errors.ts';

/** Is called with workers that a program will not find, and why. */
export type Warn = (warning: string) => void;

/** CPU -> slot, from the kernel's slots and the workers' pins. Throws Failure slots-unknown, not-pinned. */
export function slotsByCpu(group: Group, warn: Warn): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const unpinned: number[] = [];
  const doubled: number[] = [];
  for (const [slot, { cpus }] of slotted(group)) {
    const [only, ...more] = cpus;
    if (only === undefined || more.length > 0) unpinned.push(slot);
    else if (found.has(only)) doubled.push(slot);
    else found.set(only, slot);
  }
  if (found.size === 0)
    throw failure(
      'not-pinned',
      `${group.id}: cannot make a map: no worker is pinned to one CPU`,
      'pin the workers first (nginx: `worker_cpu_affinity auto`)',
    );
  if (unpinned.length > 0)
    warn(`no packets will go to ${slots(unpinned)}: the worker is not pinned to one CPU`);
  if (doubled.length > 0)
    warn(`no packets will go to ${slots(doubled)}: the worker of another slot is pinned to the same CPU`);
  return found;
}

/**
 * The slots of each node's workers. @param nodes CPUs of each NUMA node
 * Throws Failure slots-unknown, not-pinned, no-numa.
 */
export function slotsByNode(group: Group, nodes: readonly Cpus[], warn: Warn): readonly NumaNode[] {
  const nodeOfCpu = new Map(nodes.flatMap((cpus, node) => cpus.map((cpu) => [cpu, node] as const)));
  if (nodeOfCpu.size === 0)
    throw failure(
      'no-numa',
      'the NUMA nodes of this machine could not be read',
      'see /sys/devices/system/node',
    );
  const found = nodes.map((cpus) => ({ cpus, slots: [] as number[] }));
  const unreached: number[] = [];
  for (const [slot, { cpus }] of slotted(group)) {
    const on = new Set(cpus.map((cpu) => nodeOfCpu.get(cpu)));
    const [node] = on;
    const members = node === undefined || on.size > 1 ? undefined : found[node];
    if (members === undefined) unreached.push(slot);
    else members.slots.push(slot);
  }
  const empty = found.filter(({ cpus, slots }) => cpus.length > 0 && slots.length === 0);
  if (found.every((members) => members.slots.length === 0))
    throw failure(
      'not-pinned',
      `${group.id}: no worker is bound to the CPUs of one node`,
      'bind them first: numactl --cpunodebind, or taskset',
    );
  if (unreached.length > 0)
    warn(`no packets will go to ${slots(unreached)}: the worker may run on several nodes`);
  if (empty.length > 0)
    warn(`${empty.length} of ${nodes.length} nodes have no worker: the hash chooses there`);
  if (nodes.length === 1) warn('this machine has one NUMA node, so `numa` changes nothing');
  return found.map(({ cpus, slots }) => ({ cpus, slots: slots.sort(ascending) }));
}

/**
 * What stays with a worker when slots move: its CPU, if every worker is pinned to a different CPU; otherwise the slot.
 */
export function keysBySlot(group: Group, size: number, warn: Warn): ReadonlyMap<number, number> {
  const pinned = group.sockets.flatMap(({ slot, slotSource, cpus: [only, ...more] }) =>
    slot !== null && slotSource === 'kernel' && only !== undefined && more.length === 0
      ? [[slot, only] as const]
      : [],
  );
  const found = new Map(pinned);
  if (size === group.size && found.size === size && new Set(found.values()).size === size) return found;
  warn(
    'sources are assigned to slots, because not every worker is pinned to a CPU of its own. When a worker ' +
      'restarts, slots change, and so do the workers of some sources',
  );
  return new Map(Array.from({ length: size }, (_, slot) => [slot, slot]));
}

/** Members in the kernel's slot order. Throws Failure slots-unknown. */
function slotted(group: Group): (readonly [slot: number, socket: GroupSocket])[] {
  return group.sockets.map((socket) => {
    if (socket.slot !== null && socket.slotSource === 'kernel') return [socket.slot, socket];
    throw failure(
      'slots-unknown',
      `${group.id}: the program needs the kernel's slot order, which could not be read`,
      group.notes[0] ?? 'run as root with bpftrace installed',
    );
  });
}

const ascending = (one: number, other: number) => one - other;

const slots = (list: readonly number[]) => `slot${list.length > 1 ? 's' : ''} ${list.join(', ')}`;
