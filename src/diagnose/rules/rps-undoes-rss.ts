import type { Host, RxQueue } from '../../host/types.ts';
import { cpuNames, queueNames } from '../../words/phrase.ts';
import { queueFile, write } from '../../words/shell.ts';
import { withNic, withRps } from '../after.ts';
import { liveNics } from '../nics.ts';
import type { Facts, Found } from '../types.ts';

/**
 * RSS has spread the packets in hardware already; RPS moves each one again, by an interrupt between CPUs. With more
 * CPUs than queues that can be worth it (the kernel's scaling.rst), so the user must decide.
 */
export function rpsUndoesRss({ host, quiet, changing }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic): Found[] => {
    const moved = nic.rxQueues.filter(leavesItsCpu);
    const queues = nic.rxQueues.length;
    if (queues < 2 || moved.length === 0) return [];
    const to = new Set(moved.flatMap(({ rps }) => rps ?? []));
    const rfs =
      (host.machine.rpsSockFlowEntries ?? 0) > 0 && moved.every(({ rfsFlows }) => (rfsFlows ?? 0) > 0);
    const which = queueNames(
      'rx',
      moved.map(({ index }) => index),
    );
    const finding = { rule: 'rps-undoes-rss', subject: nic.name };
    const what = `RSS already spreads packets over ${queues} queues, and RPS moves those of ${which} again, to ${cpuNames(to)}`;
    if (to.size > queues) {
      const message = `${what}. That is worth it only if the CPUs of these queues are too busy.`;
      return [{ ...finding, severity: 'info', message, fix: [] }];
    }
    return [
      {
        ...finding,
        severity: rfs || quiet.has(nic) ? 'info' : 'warning',
        message: `${what}${rfs ? '; with RFS, to where their reader ran last.' : ', off the CPU that took the interrupt.'}`,
        ...(rfs || changing.has(nic.name)
          ? { fix: [] }
          : switchOff(
              nic.name,
              moved.map(({ index }) => index),
            )),
      },
    ];
  });
}

function leavesItsCpu({ rps, cpus }: RxQueue): boolean {
  if (rps === null || rps.length === 0) return false;
  return !(rps.length === 1 && cpus.length === 1 && rps[0] === cpus[0]);
}

function switchOff(nic: string, queues: readonly number[]): Pick<Found, 'fix' | 'after'> {
  return {
    fix: queues.map((index) => write('0', queueFile(nic, `rx-${index}`, 'rps_cpus'))),
    after: (host: Host) => withNic(host, nic, (each) => withRps(each, queues, [])),
  };
}
