/** How many queues really receive, whatever the RSS table and key say. */
import type { Nic } from '../host/types.ts';
import { ENOUGH_INTERRUPTS, interruptLoads, sum } from './interrupt-load.ts';
import { vectorsOf } from './vectors.ts';

/** RX queues with at least half of an even share of the interrupts. */
export function busyQueues(nic: Nic): number {
  const loads = [...(interruptLoads(vectorsOf(nic, null)) ?? [])];
  const total = sum(loads.map(([, load]) => load));
  if (total < ENOUGH_INTERRUPTS) return 0;
  const half = total / loads.length / 2;
  return loads.reduce((count, [{ rx }, load]) => count + (load >= half ? rx.length : 0), 0);
}
