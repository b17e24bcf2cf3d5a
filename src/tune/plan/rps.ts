/** RPS: off if each serving CPU has a queue, on if a NIC has one queue for all of them. */
import { homeCpus } from '../../diagnose/nics.ts';
import { hasInterrupts, vectorsOf } from '../../diagnose/vectors.ts';
import { type Cpus, formatCpuMask } from '../../host/cpus.ts';
import type { Nic, RxQueue } from '../../host/types.ts';
import { queueFile, write } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import type { KindPlanner, PlanContext } from './planner.ts';

export const rps: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of context.nics) {
    const wanted = cpusFor(context, nic);
    if (wanted === null) continue;
    for (const queue of nic.rxQueues) {
      if (queue.rps === null) {
        refused.push({ subject: `${nic.name} rx-${queue.index}`, why: 'Its rps_cpus could not be read.' });
        continue;
      }
      const now = leadsAway(queue) ? queue.rps : [];
      if (now.join() !== wanted.join()) changes.push(change(nic, queue, queue.rps, wanted));
    }
    if (wanted.length > 1 && nic.rxQueues.some((queue) => queue.rps !== null))
      notes.push(
        `${nic.name} has one queue: RPS, which runs before the socket is chosen, spreads its packets over the CPUs that ` +
          'serve, by hash. How evenly is not known, so the plan gives no expected locality.',
      );
  }
  return { changes, refused, notes };
};

/**
 * null: unchanged. With fewer queues than CPUs, RPS may feed the others; likewise for a tun with one queue, whose
 * packets come from one thread.
 */
function cpusFor({ host, assignment }: PlanContext, nic: Nic): Cpus | null {
  const serving = assignment.serving.get(nic.name);
  if (serving === undefined) return null;
  const one = nic.rxQueues.length === 1;
  if (!hasInterrupts(nic)) return one ? null : [];
  if (one) {
    const home = serving.workers ? null : homeCpus(host, nic);
    const cpus = home !== null && home.length > 1 ? home : serving.cpus;
    return cpus.length > 1 ? cpus.toSorted((a, b) => a - b) : [];
  }
  const enough = !serving.workers || vectorsOf(nic, null).length >= serving.cpus.length;
  return enough ? [] : null;
}

/** RPS to the CPU of the interrupt moves nothing. */
function leadsAway({ rps, cpus }: RxQueue): boolean {
  return !(rps?.length === 1 && cpus.length === 1 && rps[0] === cpus[0]);
}

function change(nic: Nic, { index }: RxQueue, from: Cpus, cpus: Cpus): Change {
  const to = formatCpuMask(cpus);
  return {
    kind: 'rps',
    subject: `${nic.name} rx-${index} rps_cpus`,
    target: { kind: 'rps', nic: nic.name, queue: index },
    from: formatCpuMask(from),
    to,
    why:
      cpus.length > 0
        ? 'There is one queue for the CPUs of all workers, so software must spread the packets.'
        : 'Its packets are received on the right CPU already; RPS would move each one again.',
    command: write(to, queueFile(nic.name, `rx-${index}`, 'rps_cpus')),
  };
}
