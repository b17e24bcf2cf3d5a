/** Helpers for rules about reuseport groups: the NICs that feed a group, and the CPUs of its members. */
import type { Group, GroupSocket, Host, Nic } from '../host/types.ts';
import type { View } from '../path/view.ts';
import { cpuNames, names } from '../words/phrase.ts';
import { liveNics, oneCpu, queuesOf, receivingCpus } from './nics.ts';
import type { FedGroup } from './types.ts';

export function fedGroups({ host, expected }: View, quiet: ReadonlySet<Nic>): readonly FedGroup[] {
  const live = new Map(
    liveNics(host).map((nic) => [nic.name, { nic, cpus: receivingCpus(nic, host.machine) }]),
  );
  const joined = Map.groupBy(expected, ({ group }) => group);
  const online = new Set(host.machine.cpus.online);
  return host.groups
    .filter(({ size, newFlows }) => size > 1 && newFlows !== false)
    .map((group) => {
      const all = (joined.get(group.id) ?? []).flatMap(({ nic }) => live.get(nic) ?? []);
      const busy = all.filter(({ nic }) => !quiet.has(nic));
      const feeding = busy.length > 0 ? busy : all;
      const cpusOf = ({ nic, cpus }: (typeof feeding)[number]) =>
        (nic.rss?.rules ?? []).length === 0 ? cpus : receivingCpus(nic, host.machine, queuesOf(nic, group));
      const cpus = feeding.length > 0 ? union(feeding.map(cpusOf)) : online;
      return { group, nics: feeding.map(({ nic }) => nic), cpus: cpus?.size ? cpus : null };
    });
}

function union(sets: readonly (ReadonlySet<number> | null)[]): ReadonlySet<number> | null {
  const all = new Set<number>();
  for (const set of sets) {
    if (set === null) return null;
    for (const cpu of set) all.add(cpu);
  }
  return all;
}

/** Size of the largest group that each NIC feeds, which limits the useful number of queues. */
export function largestGroups(groups: readonly FedGroup[]): ReadonlyMap<Nic, number> {
  const largest = new Map<Nic, number>();
  for (const { group, nics } of groups)
    for (const nic of nics) largest.set(nic, Math.max(largest.get(nic) ?? 0, group.size));
  return largest;
}

/** `only CPUs 0-3 receive from eth0`, `there are only CPUs 0-1`: says which CPUs can receive packets of a group. */
export function boundary({ nics, cpus }: FedGroup, host: Host): string {
  return cpus === null || nics.length === 0
    ? `the machine has only ${cpuNames(host.machine.cpus.online)}`
    : `only ${cpuNames(cpus)} receive from ${names(nics.map(({ name }) => name))}`;
}

/** Members by slot, as read from the kernel; with a guessed order a finding would be a guess. */
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
