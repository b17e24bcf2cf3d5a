import { substitute } from '../host/no-interrupts.ts';
import type { Nic } from '../host/types.ts';

export interface QueueShares {
  /** How many of `size` parts of the flows arrive on each rx queue; queues without any are left out. */
  readonly ofQueue: ReadonlyMap<number, number>;
  readonly size: number;
  /** What was assumed, and what else could decide. */
  readonly notes: readonly string[];
}

/** With many flows, RSS spreads them evenly over the table's entries. */
export function queueShares(nic: Nic): QueueShares {
  const notes: string[] = [];
  const table = nic.rss?.indirection ?? [];
  if (table.length === 0 && nic.rxQueues.length > 1 && substitute(nic) === null) {
    notes.push('the RSS table is not known, so equal shares of all queues are assumed');
  }
  if ((nic.rss?.ntupleRules ?? 0) > 0)
    notes.push(`${nic.rss?.ntupleRules} ntuple rules override the RSS table`);
  const contexts = nic.rss?.contexts?.length ?? 0;
  if (contexts > 0) notes.push(`${contexts} additional RSS contexts override the RSS table`);
  if (nic.driver === 'virtio_net' && table.length > 1) {
    notes.push('virtio_net may ignore its RSS table until `ethtool -X` has been called once');
  }
  const entries = table.length > 0 ? table : nic.rxQueues.map((queue) => queue.index);
  const ofQueue = new Map<number, number>();
  for (const queue of entries) ofQueue.set(queue, (ofQueue.get(queue) ?? 0) + 1);
  return { ofQueue, size: entries.length, notes };
}
