/** RPS: off if each serving CPU has a queue, on if a NIC has one queue for all of them. */
import { rpsCpus } from '../../diagnose/better-channels.ts';
import { hasInterrupts, vectorsOf } from '../../diagnose/vectors.ts';
import { type Cpus, formatCpuMask } from '../../host/cpus.ts';
import { hasCpuMap } from '../../host/kernel-threads.ts';
import type { Nic, RxQueue } from '../../host/types.ts';
import { queueFile, write } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import { nicAfterFindings } from './as-found.ts';
import type { KindPlanner, PlanContext } from './planner.ts';

export const rps: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of context.nics) {
    const cpusOf = cpusFor(context, nic);
    for (const queue of nic.rxQueues) {
      const wanted = cpusOf(queue);
      if (wanted === null) continue;
      if (queue.rps === null) {
        refused.push({ subject: `${nic.name} rx-${queue.index}`, why: 'Its rps_cpus could not be read.' });
        continue;
      }
      const now = leadsAway(queue) ? queue.rps : [];
      if (now.join() !== wanted.join()) changes.push(change(context, nic, queue, wanted));
    }
    const [only, another] = nic.rxQueues;
    if (only !== undefined && another === undefined && only.rps !== null && (cpusOf(only)?.length ?? 0) > 1)
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
function cpusFor({ host, assignment }: PlanContext, nic: Nic): (queue: RxQueue) => Cpus | null {
  const serving = assignment.serving.get(nic.name);
  if (serving === undefined) return () => null;
  const one = nic.rxQueues.length === 1;
  // RPS would move what an XDP program has sent to a CPU; on which NIC that is, is not known.
  if (hasCpuMap(host.machine.kernelThreads)) return () => null;
  if (!hasInterrupts(nic)) return () => (one ? null : []);
  if (serving.asFound) {
    const after = nicAfterFindings(host, nic)?.rxQueues ?? [];
    const later = new Map(after.map(({ index, rps }) => [index, rps]));
    // Of one queue, an unknown setting is worth a word.
    return ({ index, rps }) => {
      const wanted = one && rps === null ? rpsCpus(host, nic) : (later.get(index) ?? null);
      return wanted?.join() === rps?.join() ? null : wanted;
    };
  }
  if (one) {
    const cpus = serving.workers ? serving.cpus : rpsCpus(host, nic);
    return () => (cpus.length > 1 ? cpus.toSorted((a, b) => a - b) : []);
  }
  const enough = !serving.workers || vectorsOf(nic, null).length >= serving.cpus.length;
  return () => (enough ? [] : null);
}

/** RPS to the CPU of the interrupt moves nothing. */
function leadsAway({ rps, cpus }: RxQueue): boolean {
  return !(rps?.length === 1 && cpus.length === 1 && rps[0] === cpus[0]);
}

function change({ assignment }: PlanContext, nic: Nic, { index, rps }: RxQueue, cpus: Cpus): Change {
  const to = formatCpuMask(cpus);
  const workers = assignment.serving.get(nic.name)?.workers === true;
  return {
    kind: 'rps',
    subject: `${nic.name} rx-${index} rps_cpus`,
    target: { kind: 'rps', nic: nic.name, queue: index },
    from: formatCpuMask(rps ?? []),
    to,
    why:
      cpus.length > 0
        ? `There is one queue for ${workers ? 'the CPUs of all workers' : 'all these CPUs'}, so software must spread the packets.`
        : workers
          ? 'Its packets are received on the right CPU already; RPS would move each one again.'
          : 'RSS has spread the packets already; RPS would move each one again.',
    command: write(to, queueFile(nic.name, `rx-${index}`, 'rps_cpus')),
  };
}
