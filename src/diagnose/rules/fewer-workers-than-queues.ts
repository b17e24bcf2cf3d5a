import type { Nic } from '../../host/types.ts';
import { setChannels } from '../commands.ts';
import { servedGroups } from '../groups.ts';
import { fedQueues } from '../nics.ts';
import { cpuNames } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/**
 * A CPU that receives without a worker of its own hands every packet to another CPU, whatever program is
 * attached.
 */
export function fewerWorkersThanQueues(view: View): readonly Finding[] {
  return servedGroups(view).flatMap(({ group, nics, cpus }): Finding[] => {
    const queues = (nic: Nic) => Math.min(fedQueues(nic).length, view.host.machine.cpus.online.length);
    const receiving = cpus?.size ?? Math.max(0, ...nics.map(queues));
    if (group.size >= receiving) return [];
    const who = cpus ? `${cpuNames(cpus)} receive` : `${receiving} queues receive`;
    const fix = nics.filter((nic) => queues(nic) > group.size).flatMap((nic) => setChannels(nic, group.size));
    const orQueues = fix.length > 0 ? `, or have ${group.size} queues` : '';
    return [
      {
        rule: 'fewer-workers-than-queues',
        severity: 'warning',
        subject: group.id,
        message:
          `${group.size} workers, but ${who}: on ${receiving - group.size} of these no packet meets a ` +
          `worker of its own CPU. Start ${receiving} workers${orQueues}.`,
        fix,
      },
    ];
  });
}
