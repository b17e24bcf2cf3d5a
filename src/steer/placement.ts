/** Where the workers of a group sit: what the programs that follow them are made from. */
import type { Cpus } from '../host/cpus.ts';
import type { Group, GroupSocket } from '../host/types.ts';
import { failure } from '../system/errors.ts';

export interface Placement<T> {
  readonly found: T;
  readonly warnings: readonly string[];
}

/** CPU -> slot, from the kernel's slots and the workers' pins. Throws Failure slots-unknown, not-pinned. */
export function slotsByCpu(group: Group): Placement<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  const unpinned: number[] = [];
  const doubled: number[] = [];
  for (const [slot, { cpus }] of slotted(group, 'map')) {
    const [only, ...more] = cpus;
    if (only === undefined || more.length > 0) unpinned.push(slot);
    else if (found.has(only)) doubled.push(slot);
    else found.set(only, slot);
  }
  if (found.size === 0)
    throw failure(
      'not-pinned',
      `${group.id}: no worker is pinned to one CPU, so there is nothing to map`,
      'pin the workers first (nginx: `worker_cpu_affinity auto`)',
    );
  const warnings = [
    ...(unpinned.length > 0
      ? [`no CPU leads to ${slots(unpinned)}: its worker is not pinned to one CPU`]
      : []),
    ...(doubled.length > 0
      ? [`no CPU leads to ${slots(doubled)}: another slot's worker is pinned to the same CPU`]
      : []),
  ];
  return { found, warnings };
}

/**
 * The slots of each node's workers. @param nodes CPUs of each NUMA node
 * Throws Failure slots-unknown, not-pinned, no-numa.
 */
export function slotsByNode(
  group: Group,
  nodes: readonly Cpus[],
): Placement<readonly { readonly cpus: Cpus; readonly slots: readonly number[] }[]> {
  const nodeOfCpu = new Map(nodes.flatMap((cpus, node) => cpus.map((cpu) => [cpu, node] as const)));
  if (nodeOfCpu.size === 0)
    throw failure(
      'no-numa',
      'the NUMA nodes of this machine could not be read',
      'see /sys/devices/system/node',
    );
  const found = nodes.map((cpus) => ({ cpus, slots: [] as number[] }));
  const astray: number[] = [];
  for (const [slot, { cpus }] of slotted(group, 'numa')) {
    const on = new Set(cpus.map((cpu) => nodeOfCpu.get(cpu)));
    const [node] = on;
    const members = node === undefined || on.size > 1 ? undefined : found[node];
    if (members === undefined) astray.push(slot);
    else members.slots.push(slot);
  }
  const empty = found.filter(({ cpus, slots }) => cpus.length > 0 && slots.length === 0);
  if (found.every((members) => members.slots.length === 0))
    throw failure(
      'not-pinned',
      `${group.id}: no worker is bound to the CPUs of one node`,
      'bind them first: numactl --cpunodebind, or taskset',
    );
  const warnings = [
    ...(astray.length > 0 ? [`no node leads to ${slots(astray)}: its worker may run on several nodes`] : []),
    ...(empty.length > 0
      ? [`${empty.length} of ${nodes.length} nodes have no worker: the hash chooses there`]
      : []),
    ...(nodes.length === 1 ? ['this machine has one NUMA node: any worker is as near as another'] : []),
  ];
  return { found: found.map(({ cpus, slots }) => ({ cpus, slots: slots.sort(ascending) })), warnings };
}

/**
 * What stays with a worker when slots move: the CPU that it is pinned to, where every worker has one of its own; else
 * the slot after all.
 */
export function keysBySlot(group: Group, size: number): Placement<ReadonlyMap<number, number>> {
  const pinned = group.sockets.flatMap(({ slot, slotSource, cpus: [only, ...more] }) =>
    slot !== null && slotSource === 'kernel' && only !== undefined && more.length === 0
      ? [[slot, only] as const]
      : [],
  );
  const found = new Map(pinned);
  if (size === group.size && found.size === size && new Set(found.values()).size === size)
    return { found, warnings: [] };
  return {
    found: new Map(Array.from({ length: size }, (_, slot) => [slot, slot])),
    warnings: [
      'sources are bound to slots, because not every worker has a CPU of its own to be known by: when a worker ' +
        'restarts, slots change, and so do the workers of some sources',
    ],
  };
}

/** Members by their slots in the kernel. Throws Failure slots-unknown. */
function slotted(group: Group, program: string): (readonly [slot: number, socket: GroupSocket])[] {
  return group.sockets.map((socket) => {
    if (socket.slot !== null && socket.slotSource === 'kernel') return [socket.slot, socket];
    throw failure(
      'slots-unknown',
      `${group.id}: the kernel's slot order could not be read, and \`${program}\` is made from it`,
      group.notes[0] ?? 'run as root with bpftrace installed',
    );
  });
}

const ascending = (one: number, other: number) => one - other;

export const slots = (list: readonly number[]) => `slot${list.length > 1 ? 's' : ''} ${list.join(', ')}`;
