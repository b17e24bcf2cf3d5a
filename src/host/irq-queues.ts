/** Matches IRQs with the queues of a NIC, by the most reliable source that answers. */
import type { Claim, IrqQuestion } from './irq-claims.ts';
import type { IrqTable, NamedInterrupt } from './irq-table.ts';
import { pushTo } from './multimap.ts';
import { claimByName } from './name-claims.ts';
import type { Irq, IrqRole, IrqSource } from './types.ts';

export interface NicIrqs {
  /** Ascending; `counts` in the order of the header of /proc/interrupts. */
  readonly irqs: readonly Omit<Irq, 'affinity' | 'effective'>[];
  /** IRQ of each queue. */
  readonly rx: ReadonlyMap<number, number>;
  readonly tx: ReadonlyMap<number, number>;
  readonly notes: readonly string[];
}

export function findNicIrqs(question: IrqQuestion, table: IrqTable): NicIrqs {
  const { entries, source } = candidates(question, table);
  const { claims, notes } = claimByName(question, entries);
  const rx = new Map<number, number>();
  const tx = new Map<number, number>();
  const reported = new Set<number>();
  for (const { id, type, irq } of question.netdev ?? []) {
    if (irq === null) continue;
    (type === 'rx' ? rx : tx).set(id, irq);
    reported.add(irq);
  }
  // Names only fill what the kernel left open.
  const open = (serves: ReadonlyMap<number, number>, queues: readonly number[]): number[] =>
    queues.filter((queue) => !serves.has(queue));
  for (const { irq, ...claim } of claims) {
    for (const queue of open(rx, claim.rx)) rx.set(queue, irq);
    for (const queue of open(tx, claim.tx)) tx.set(queue, irq);
  }
  const claimOf = new Map(claims.map((claim) => [claim.irq, claim]));
  const rxOf = invert(rx);
  const txOf = invert(tx);
  const irqs = [...new Set([...claimOf.keys(), ...reported])]
    .sort((a, b) => a - b)
    .map((irq) => {
      const claim = claimOf.get(irq);
      const interrupt = table.byNumber.get(irq)?.interrupt;
      return {
        irq,
        name: claim?.name ?? interrupt?.actions.join(', ') ?? '',
        ...served(rxOf.get(irq) ?? [], txOf.get(irq) ?? [], claim),
        counts: interrupt?.counts ?? [],
        source: reported.has(irq) ? ('netdev' as const) : source,
      };
    });
  const { queues } = question;
  const complete = queues.rx !== null && queues.tx !== null && rx.size >= queues.rx && tx.size >= queues.tx;
  return { irqs, rx, tx, notes: complete ? [] : notes };
}

// The device's own list first: names repeat (other virtio devices also have a `virtio0-input`) and become outdated.
function candidates(
  question: IrqQuestion,
  table: IrqTable,
): { entries: readonly NamedInterrupt[]; source: IrqSource } {
  const { name, virtual, pci, virtio, platform } = question.interface;
  if (virtual) return { entries: [], source: 'name' };
  const listed = question.msiIrqs.flatMap((irq) => table.byNumber.get(irq) ?? []);
  if (listed.length > 0) return { entries: withoutNeighbours(listed, question), source: 'msi_irqs' };
  const raised = (pci && table.byDevice.get(pci)) || [];
  if (raised.length > 0) return { entries: withoutNeighbours(raised, question), source: 'hwirq' };
  const named = [name, pci, virtio, platform].flatMap((owner) => (owner ? table.ofOwner(owner) : []));
  return { entries: [...new Set(named)], source: table.source === '/proc/irq' ? 'proc_irq' : 'name' };
}

// Ports of one PCI function (cxgb4) share its vectors; the interface name in the IRQ name distinguishes them.
function withoutNeighbours(
  entries: readonly NamedInterrupt[],
  question: IrqQuestion,
): readonly NamedInterrupt[] {
  if (question.neighbours.length === 0) return entries;
  const others = new Set(question.neighbours);
  return entries.filter(({ interrupt, names }) =>
    interrupt.actions.some((action, i) => !others.has(names[i]?.owner ?? action)),
  );
}

function invert(serves: ReadonlyMap<number, number>): ReadonlyMap<number, number[]> {
  const queues = new Map<number, number[]>();
  for (const [queue, irq] of serves) pushTo(queues, irq, queue);
  return queues;
}

function served(
  rx: readonly number[],
  tx: readonly number[],
  claim: Claim | undefined,
): { role: IrqRole; queues: number[] } {
  const queues = [...new Set([...rx, ...tx])].sort((a, b) => a - b);
  if (queues.length === 0) return { role: claim?.unclear ?? 'other', queues };
  return { role: tx.length === 0 ? 'rx' : rx.length === 0 ? 'tx' : 'rxtx', queues };
}
