import { maxRxQueues, setChannels } from '../commands.ts';
import { pinnedMembers, servedGroups } from '../groups.ts';
import { cpuNames } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/** Workers beyond the CPUs that receive share one of those, or take all their packets from another CPU. */
export function moreWorkersThanQueues(view: View): readonly Finding[] {
  return servedGroups(view).flatMap(({ group, nics, cpus }): Finding[] => {
    if (cpus === null || cpus.size < 2 || group.size <= cpus.size) return [];
    const pinned = [...pinnedMembers(group).values()];
    const known = pinned.length === group.size;
    const off = known ? pinned.filter((cpu) => !cpus.has(cpu)).length : group.size - cpus.size;
    if (off === 0) return [];
    const growing = nics.filter((nic) => (maxRxQueues(nic) ?? 0) > nic.rxQueues.length);
    return [
      {
        rule: 'more-workers-than-queues',
        severity: 'info',
        subject: group.id,
        message:
          `${group.size} workers, but only ${cpuNames(cpus)} receive: ` +
          (known
            ? `${off} of them ${off === 1 ? 'is' : 'are'} pinned where nothing arrives.`
            : `${off} of them can't have such a CPU alone.`),
        fix: growing.flatMap((nic) => setChannels(nic, group.size)),
      },
    ];
  });
}
