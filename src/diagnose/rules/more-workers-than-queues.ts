import type { Nic } from '../../host/types.ts';
import { channelsCommand } from '../../words/commands.ts';
import { count, names } from '../../words/phrase.ts';
import { boundary, largestGroups, pinnedMembers } from '../groups.ts';
import { maxRxQueues } from '../nics.ts';
import type { Facts, FedGroup, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';
import { countWorkers } from '../workers.ts';

/**
 * Workers in excess of the receiving CPUs share one, or get all their packets from another CPU; a program by CPU would
 * give them none. For a single receiving CPU there is single-queue.
 */
export function moreWorkersThanQueues({ host, served, placements, planned }: Facts): readonly Found[] {
  const largest = largestGroups(served);
  const usable = usableCpus(host).length;
  const crowded = new Set(
    placements.flatMap(({ nic, crowded, surplus }) =>
      crowded.length > 0 && surplus.length > 0 ? [nic] : [],
    ),
  );
  const most = (nic: Nic) => Math.min(maxRxQueues(nic) ?? 0, largest.get(nic) ?? 0, usable);
  return served.flatMap((fed): Found[] => {
    const { group, nics, cpus } = fed;
    const workers = countWorkers(group);
    if (nics.length === 0 || cpus === null || cpus.size < 2 || workers <= cpus.size) return [];
    const sharing = nics.filter((nic) => crowded.has(nic));
    const growing = sharing.length > 0 ? [] : nics.filter((nic) => most(nic) > nic.rxQueues.length);
    const more = usable > cpus.size ? `, or more receiving CPUs: ${wayTo(nics, sharing, growing)}` : '';
    return [
      {
        rule: 'more-workers-than-queues',
        severity: 'info',
        subject: group.id,
        message:
          `${count(workers, 'worker')}, but ${boundary(fed, host)}: ${placed(fed)}, and a program by CPU ` +
          `would leave ${workers - cpus.size} without packets. Use ${count(cpus.size, 'worker')}${more}.`,
        // Channels change alone, because the other commands are for the present queues.
        fix: planned ? [] : growing.flatMap((nic) => channelsCommand(nic, most(nic))),
      },
    ];
  });
}

/** Where the surplus workers are. */
function placed({ group, cpus }: FedGroup): string {
  const off = [...pinnedMembers(group).values()].filter((cpu) => !cpus?.has(cpu)).length;
  if (off === 0) return 'workers share them';
  return `${count(off, 'worker')} ${off === 1 ? 'is' : 'are'} pinned to CPUs that receive nothing`;
}

/** How to get more receiving CPUs, the cheapest way first. */
function wayTo(nics: readonly Nic[], sharing: readonly Nic[], growing: readonly Nic[]): string {
  if (sharing.length > 0)
    return `queues of ${names(sharing.map(({ name }) => name))} share one while others are idle (irqs-share-cpu)`;
  if (growing.length > 0)
    return names(growing.map((nic) => `${nic.name} can have ${maxRxQueues(nic)} queues`));
  return nics.some((nic) => maxRxQueues(nic) === null)
    ? 'more queues if the NIC has them, otherwise RPS'
    : `${nics.length === 1 ? 'the NIC has' : 'the NICs have'} no more queues; RPS could spread the packets, at the cost of an interrupt between CPUs`;
}
