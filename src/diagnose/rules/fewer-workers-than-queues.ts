import type { Nic } from '../../host/types.ts';
import { planCommand } from '../../words/commands.ts';
import { count, cpuNames, names } from '../../words/phrase.ts';
import { largestGroups } from '../groups.ts';
import { fedQueues } from '../nics.ts';
import type { Facts, Finding } from '../types.ts';
import { countWorkers } from '../workers.ts';

/**
 * A receiving CPU without a worker hands every packet to another CPU, under any program. Fewer queues would also help,
 * but no command proposes that, because everything else on this NIC uses these queues too.
 */
export function fewerWorkersThanQueues({ host, served }: Facts): readonly Finding[] {
  const largest = largestGroups(served);
  return served.flatMap(({ group, nics, cpus }): Finding[] => {
    if (nics.length === 0) return [];
    const queues = (nic: Nic) => Math.min(fedQueues(nic).length, host.machine.cpus.online.length);
    const receiving = cpus?.size ?? Math.max(...nics.map(queues));
    const workers = countWorkers(group);
    if (workers >= receiving) return [];
    const main = nics.some((nic) => largest.get(nic) === group.size);
    const from = names(nics.map(({ name }) => name));
    const who = cpus ? `${cpuNames(cpus)} receive from ${from}` : `${receiving} queues of ${from} receive`;
    const bare = receiving - workers;
    return [
      {
        rule: 'fewer-workers-than-queues',
        severity: main ? 'warning' : 'info',
        subject: group.id,
        message:
          `${count(workers, 'worker')}, but ${who}: packets received on ${bare} of these are always read on another ` +
          `CPU. Start ${receiving} workers${main ? `, or let only the queues of ${workers} CPUs receive, if nothing else needs the others: \`${planCommand(nics, group)}\`` : ''}.`,
        fix: [],
      },
    ];
  });
}
