import { whyXpsIgnored } from '../host/tx-choice.ts';
import type { Nic, Protocol } from '../host/types.ts';

export interface Sender {
  /** null when it is not known which CPU sends. */
  readonly cpu: number | null;
  /** The queue that the flow came in by. */
  readonly rxQueue: number;
  readonly protocol: Protocol | null;
}

/**
 * Which TX queue XPS gives a sender; null when nothing decides it: no XPS, a driver that ignores it (whyXpsIgnored), or
 * several queues of one CPU, among which a hash picks. By rx queue first, then by CPU (net/core/dev.c, get_xps_queue()); a UDP socket
 * that is not connected records no rx queue (__udp_queue_rcv_skb()).
 */
export function txQueuePicker(nic: Nic): (sender: Sender) => number | null {
  const [only] = nic.txQueues;
  if (only !== undefined && nic.txQueues.length === 1) return () => only.index;
  if (whyXpsIgnored(nic) !== null) return () => null;
  const byRxQueue = invert(nic.txQueues.map((queue) => [queue.index, queue.xpsRxqs ?? []]));
  const readable = nic.txQueues.every((queue) => queue.xpsCpus !== null);
  const byCpu = invert(readable ? nic.txQueues.map((queue) => [queue.index, queue.xpsCpus ?? []]) : []);
  return ({ cpu, rxQueue, protocol }) => {
    const picked = protocol === 'udp' ? undefined : byRxQueue.get(rxQueue);
    if (picked !== undefined) return picked;
    return cpu === null ? null : (byCpu.get(cpu) ?? null);
  };
}

/** The one queue that names each CPU or rx queue; null for one that several queues name. */
function invert(
  named: readonly (readonly [queue: number, ids: readonly number[]])[],
): ReadonlyMap<number, number | null> {
  const queueOf = new Map<number, number | null>();
  for (const [queue, ids] of named) for (const id of ids) queueOf.set(id, queueOf.has(id) ? null : queue);
  return queueOf;
}
