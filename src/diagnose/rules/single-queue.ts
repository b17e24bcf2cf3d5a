import { formatCpuMask } from '../../host/cpus.ts';
import { hasCpuMap } from '../../host/kernel-threads.ts';
import type { Host } from '../../host/types.ts';
import { channelsCommand } from '../../words/commands.ts';
import { nicPath } from '../../words/shell.ts';
import { withNic, withRps } from '../after.ts';
import { betterChannels, rpsCpus } from '../better-channels.ts';
import { liveNics, maxRxQueues, oneCpu } from '../nics.ts';
import type { Facts, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';

/** One CPU runs the whole receive path while the others wait for it. */
export function singleQueue({ host, quiet }: Facts): readonly Found[] {
  const usable = usableCpus(host);
  if (usable.length < 2) return [];
  return liveNics(host).flatMap((nic): Found[] => {
    const [queue, second] = nic.rxQueues;
    if (queue === undefined || second !== undefined || (queue.rps?.length ?? 0) > 0) return [];
    const cpus = rpsCpus(host, nic);
    if (cpus.length < 2) return [];
    const on = oneCpu(queue) === null ? 'one CPU at a time' : `CPU ${oneCpu(queue)}`;
    const report = (severity: Found['severity'], more: string, fix: readonly string[]): Found => ({
      rule: 'single-queue',
      severity,
      subject: `${nic.name} rx-${queue.index}`,
      message: `Every packet of ${nic.name} is received on ${on}; ${usable.length} CPUs could receive. ${more}`,
      fix,
    });
    const severity = quiet.has(nic) ? 'info' : 'warning';
    const max = maxRxQueues(nic);
    const better = betterChannels(host, nic);
    if (better !== null)
      return [
        {
          ...report(severity, `It can have ${max} queues.`, channelsCommand(nic, better.queues)),
          changes: nic.name,
        },
      ];
    if (hasCpuMap(host.machine.kernelThreads))
      return [
        report('info', 'An XDP program sends packets to other CPUs; RPS would move those packets again.', []),
      ];
    if (queue.rps === null) return [report('info', 'It could not be read whether RPS spreads them.', [])];
    const rps = `echo ${formatCpuMask(cpus)} > ${nicPath(nic.name, `queues/rx-${queue.index}/rps_cpus`)}`;
    const why = max === null ? 'The maximum number of queues is not known' : 'It has no more queues';
    const after = (each: Host) => withNic(each, nic.name, (own) => withRps(own, [queue.index], cpus));
    return [{ ...report(severity, `${why}; RPS can spread them.`, [rps]), after }];
  });
}
