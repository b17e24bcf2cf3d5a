/** Each CPU sends through the queue whose interrupt it handles. */

import { formatCpuMask } from '../../host/cpus.ts';
import { substitute } from '../../host/no-interrupts.ts';
import { whyXpsIgnored } from '../../host/tx-choice.ts';
import type { Nic, TxQueue } from '../../host/types.ts';
import { queueFile, write } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import { changesChannels, type KindPlanner } from './planner.ts';

export const xps: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of context.nics) {
    if (nic.txQueues.length < 2) continue;
    const ignored = whyXpsIgnored(nic);
    if (ignored !== null) {
      notes.push(`${nic.name}: its XPS is left as it is. ${ignored}.`);
      continue;
    }
    const reset = changesChannels(context, nic);
    const coming = context.before.nics.find(({ name }) => name === nic.name)?.txQueues.length ?? 0;
    if (nic.txQueues.some(({ index, xpsCpus }) => xpsCpus === null && index < coming)) {
      refused.push({
        subject: nic.name,
        why: 'Its xps_cpus could not be read, so they are left as they are.',
      });
      continue;
    }
    const owner = ownersOf(nic, context.spreads.get(nic.name)?.cpuOf ?? new Map());
    const taken = new Set(owner.values());
    for (const queue of nic.txQueues) {
      const to = owner.get(queue.index);
      const { change, kept } = rxqs(nic, queue);
      changes.push(...change);
      if (kept) continue;
      if (!reset && fits(queue, to, taken)) continue;
      if (reset || to !== undefined || (queue.xpsCpus?.length ?? 0) > 0)
        changes.push(byCpus(nic, queue, to === undefined ? [] : [to], queue.index < coming));
    }
    const instead = substitute(nic);
    if (instead !== null && owner.size > 0)
      notes.push(`${nic.name}: ${instead.why}. XPS gives each CPU a TX queue of its own.`);
  }
  return { changes, refused, notes };
};

/** The CPU of each TX queue, only the first queue per CPU: with two, a hash would choose. */
function ownersOf(
  nic: Nic,
  cpuOf: ReadonlyMap<{ readonly tx: readonly number[] }, number | null>,
): ReadonlyMap<number, number> {
  const known = new Set(nic.txQueues.map(({ index }) => index));
  const taken = new Set<number>();
  const owner = new Map<number, number>();
  for (const [{ tx }, cpu] of cpuOf) {
    const [queue] = tx;
    if (cpu === null || queue === undefined || !known.has(queue) || taken.has(cpu)) continue;
    taken.add(cpu);
    owner.set(queue, cpu);
  }
  return owner;
}

/**
 * A queue may name other CPUs too, as long as these have no other queue. A queue on a CPU that has another one should
 * serve no CPU, because packets sent through it would be freed there.
 */
function fits(
  { xpsCpus, cpus: irqCpus }: TxQueue,
  own: number | undefined,
  taken: ReadonlySet<number>,
): boolean {
  const cpus = xpsCpus ?? [];
  if (own === undefined && irqCpus.some((cpu) => taken.has(cpu))) return cpus.length === 0;
  return (own === undefined || cpus.includes(own)) && cpus.every((cpu) => cpu === own || !taken.has(cpu));
}

/**
 * xps_rxqs takes precedence over xps_cpus. A queue for the RX queue of the same number is as good, if that one is
 * received where its worker runs.
 */
function rxqs(nic: Nic, { index, xpsRxqs }: TxQueue): { change: readonly Change[]; kept: boolean } {
  if (xpsRxqs === null || xpsRxqs.length === 0) return { change: [], kept: false };
  if (xpsRxqs.length === 1 && xpsRxqs[0] === index) return { change: [], kept: true };
  const change: Change = {
    kind: 'xps',
    subject: `${nic.name} tx-${index} xps_rxqs`,
    target: { kind: 'xps', nic: nic.name, queue: index, by: 'rxqs' },
    from: formatCpuMask(xpsRxqs),
    to: '0',
    why: 'It names RX queues with other numbers, and takes precedence over xps_cpus.',
    command: write('0', queueFile(nic.name, `tx-${index}`, 'xps_rxqs')),
  };
  return { change: [change], kept: false };
}

function byCpus(nic: Nic, { index, xpsCpus }: TxQueue, cpus: readonly number[], there: boolean): Change {
  const to = formatCpuMask(cpus);
  const [cpu] = cpus;
  return {
    kind: 'xps',
    subject: `${nic.name} tx-${index} xps_cpus`,
    target: { kind: 'xps', nic: nic.name, queue: index, by: 'cpus' },
    from: there ? formatCpuMask(xpsCpus ?? []) : null,
    to,
    why:
      cpu === undefined
        ? 'Its CPU has another queue.'
        : substitute(nic) === null
          ? `Packets sent on CPU ${cpu} are then freed there as well.`
          : `CPU ${cpu} then sends by a queue of its own.`,
    command: write(to, queueFile(nic.name, `tx-${index}`, 'xps_cpus')),
  };
}
