/** The RX queue of a NIC that took far more than its share of the interrupts. */
import { queueShares } from '../path/shares.ts';
import { ENOUGH_INTERRUPTS, interruptLoads, isTooMuch, sum } from './interrupt-load.ts';
import { bypassesRss } from './nics.ts';
import type { Facts, Placement } from './types.ts';

export interface HotQueue {
  /** Queues of one vector. */
  readonly rx: readonly number[];
  /** Its interrupt also serves TX queues. */
  readonly shared: boolean;
  /** Of the interrupts of all RX queues since boot, and what would be fair: 0 to 1. */
  readonly share: number;
  readonly fair: number;
}

/** The hottest first; empty where that is not known, or the NIC is quiet. */
export function hotQueues({ quiet }: Facts, { nic, vectors }: Placement): readonly HotQueue[] {
  const loads = interruptLoads(vectors);
  if (loads === null || loads.size < 2 || bypassesRss(nic) || quiet.has(nic)) return [];
  const { ofQueue, size } = queueShares(nic);
  const total = sum(loads.values());
  const hot = [...loads].flatMap(([{ rx, irqs }, load]) => {
    const fair = sum(rx.map((index) => ofQueue.get(index) ?? 0)) / size;
    const share = load / total;
    const busy = fair > 0 && load >= ENOUGH_INTERRUPTS && isTooMuch(share, fair);
    const shared = irqs.some(({ role }) => role === 'rxtx');
    return busy ? [{ rx, shared, share, fair }] : [];
  });
  return hot.sort((one, other) => other.share - one.share);
}

/** So much that the other queues together get less than a fifth of their share. */
export const takesNearlyAll = ({ share, fair }: HotQueue): boolean => share > 1 - (1 - fair) / 5;
