import type { RxQueue } from '../../host/types.ts';
import { livePorts } from '../nics.ts';
import { cpuNames, queueNames } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/** RSS has spread the packets in hardware already; RPS moves each one again, by an interrupt between CPUs. */
export function rpsUndoesRss({ host }: View): readonly Finding[] {
  return livePorts(host).flatMap((nic): Finding[] => {
    const moved = nic.rxQueues.filter(leavesItsCpu);
    if (nic.rxQueues.length < 2 || moved.length === 0) return [];
    const rfs =
      (host.machine.rpsSockFlowEntries ?? 0) > 0 && moved.every(({ rfsFlows }) => (rfsFlows ?? 0) > 0);
    return [
      {
        rule: 'rps-undoes-rss',
        severity: rfs ? 'info' : 'warning',
        subject: nic.name,
        message:
          `RSS has ${nic.rxQueues.length} queues to spread packets over, and RPS moves those of ` +
          `${queueNames(
            'rx',
            moved.map(({ index }) => index),
          )} once more, to ${cpuNames(moved.flatMap(({ rps }) => rps ?? []))}` +
          `${rfs ? '; with RFS, to where their reader ran last.' : ', off the CPU that took the interrupt.'}`,
        fix: moved.map(({ index }) => `echo 0 > /sys/class/net/${nic.name}/queues/rx-${index}/rps_cpus`),
      },
    ];
  });
}

function leavesItsCpu({ rps, cpus }: RxQueue): boolean {
  if (rps === null || rps.length === 0) return false;
  return !(rps.length === 1 && cpus.length === 1 && rps[0] === cpus[0]);
}
