/** CPUs that may receive packets: all that are online and not isolated. */
import type { Cpus } from '../host/cpus.ts';
import type { Host } from '../host/types.ts';
import { remember } from '../path/remember.ts';

/**
 * Why each CPU is isolated: `isolcpus`, `nohz_full`, or the cpuset that owns it. A cpuset in which a worker of a group
 * runs is not isolated from that group's packets.
 */
export const setApart: (host: Host) => ReadonlyMap<number, string> = remember((host: Host) => {
  const { isolated, isolation } = host.machine.cpus;
  const why = new Map(isolated.map((cpu) => [cpu, 'isolcpus']));
  const owners = host.groups.flatMap(({ sockets }) => sockets.flatMap((socket) => socket.owners));
  for (const { source, cpus, name } of isolation ?? []) {
    const own = new Set(cpus);
    const inside = owners.some((owner) => owner.cpus?.length && owner.cpus.every((cpu) => own.has(cpu)));
    const boot = source === 'isolcpus' || source === 'nohz_full';
    if (boot || !inside)
      for (const cpu of cpus) if (!why.has(cpu)) why.set(cpu, boot ? source : `cpuset ${name}`);
  }
  return why;
});

/** Online CPUs that are not isolated; if all are isolated, all of them. */
export const usableCpus: (host: Host) => Cpus = remember((host: Host) => {
  const { online } = host.machine.cpus;
  const apart = setApart(host);
  const usable = online.filter((cpu) => !apart.has(cpu));
  return usable.length > 0 ? usable : online;
});

/** CPUs whose core has a lower one among `cpus`. */
export function secondThreads({ machine }: Host, cpus: Cpus): ReadonlySet<number> {
  const among = new Set(cpus);
  return new Set(machine.cpus.smtSiblings.flatMap((core) => core.filter((cpu) => among.has(cpu)).slice(1)));
}
