/** Each CPU sends through the queue whose interrupt it handles. */

import { hasInterrupts } from '../../diagnose/vectors.ts';
import { formatCpuMask } from '../../host/cpus.ts';
import { substitute } from '../../host/no-interrupts.ts';
import { whyXpsIgnored } from '../../host/tx-choice.ts';
import type { Nic, TxQueue } from '../../host/types.ts';
import { queueFile, write } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import { nicAfterFindings } from './as-found.ts';
import { growsChannels, type KindPlanner } from './planner.ts';

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
    const reset = growsChannels(context, nic);
    const coming = context.before.nics.find(({ name }) => name === nic.name)?.txQueues.length ?? 0;
    if (nic.txQueues.some(({ index, xpsCpus }) => xpsCpus === null && index < coming)) {
      refused.push({
        subject: nic.name,
        why: 'Its xps_cpus could not be read, so they are left as they are.',
      });
      continue;
    }
    const at = placesOf(nic, context.spreads.get(nic.name)?.cpuOf ?? new Map());
    const owner = ownersOf(nic, at);
    const taken = new Set(owner.values());
    const asFound = context.assignment.serving.get(nic.name)?.asFound === true && hasInterrupts(nic);
    const found = asFound && !reset ? nicAfterFindings(context.host, nic) : undefined;
    const later = new Map(found?.txQueues.map(({ index, xpsCpus }) => [index, xpsCpus ?? []]));
    for (const queue of nic.txQueues) {
      const wanted = later.get(queue.index);
      if (wanted !== undefined) {
        if (wanted.join() !== queue.xpsCpus?.join()) changes.push(byCpus(nic, queue, wanted, true));
        continue;
      }
      const to = owner.get(queue.index);
      const { change, kept } = rxqs(nic, queue);
      changes.push(...change);
      if (kept) continue;
      if (!reset && fits(queue, to, at.get(queue.index) ?? null, taken)) continue;
      if (reset || to !== undefined || (queue.xpsCpus?.length ?? 0) > 0)
        changes.push(byCpus(nic, queue, to === undefined ? [] : [to], queue.index < coming));
    }
    const instead = substitute(nic);
    if (instead !== null && owner.size > 0)
      notes.push(`${nic.name}: ${instead.why}. XPS gives each CPU a TX queue of its own.`);
  }
  return { changes, refused, notes };
};

/** The CPU of each TX queue, where it is known. */
function placesOf(
  nic: Nic,
  cpuOf: ReadonlyMap<{ readonly tx: readonly number[] }, number | null>,
): ReadonlyMap<number, number> {
  const known = new Set(nic.txQueues.map(({ index }) => index));
  return new Map(
    [...cpuOf].flatMap(([{ tx }, cpu]) =>
      cpu === null ? [] : tx.filter((queue) => known.has(queue)).map((queue) => [queue, cpu] as const),
    ),
  );
}

/**
 * The TX queue of each CPU, by queue: one that serves it already, otherwise the first. With two, a hash would choose.
 */
function ownersOf(nic: Nic, at: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const xps = new Map(nic.txQueues.map(({ index, xpsCpus }) => [index, xpsCpus]));
  const queueOf = new Map<number, number>();
  const serves = (queue: number, cpu: number) => xps.get(queue)?.includes(cpu) === true;
  for (const [queue, cpu] of at) {
    const other = queueOf.get(cpu);
    if (other === undefined || (serves(queue, cpu) && !serves(other, cpu))) queueOf.set(cpu, queue);
  }
  return new Map([...queueOf].map(([cpu, queue]) => [queue, cpu]));
}

/**
 * A queue may name other CPUs too, as long as these have no other queue: packets sent through it would be freed where
 * its interrupt is.
 * @param own the CPU of which it is the queue
 * @param at the CPU of its interrupt
 */
function fits(
  { xpsCpus }: TxQueue,
  own: number | undefined,
  at: number | null,
  taken: ReadonlySet<number>,
): boolean {
  const cpus = xpsCpus ?? [];
  if (cpus.length === 0) return own === undefined;
  return (at === null || cpus.includes(at)) && cpus.every((cpu) => cpu === at || !taken.has(cpu));
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
