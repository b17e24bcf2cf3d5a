import { whyXpsIgnored } from '../host/tx-choice.ts';
import type { Nic, Protocol } from '../host/types.ts';

export interface Sender {
  /** null if the sending CPU is not known. */
  readonly cpu: number | null;
  /** The queue on which the flow arrived. */
  readonly rxQueue: number;
  readonly protocol: Protocol | null;
}

/**
 * The TX queue that XPS gives a sender; null if XPS does not decide: no XPS, a driver that ignores it (whyXpsIgnored),
 * or several queues of one CPU, among which a hash picks. By rx queue first, then by CPU (net/core/dev.c,
 * get_xps_queue()); a UDP socket that is not connected records no rx queue (__udp_queue_rcv_skb()).
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

/** The queue for each CPU or rx queue; null if several queues name it. */
function invert(
  named: readonly (readonly [queue: number, ids: readonly number[]])[],
): ReadonlyMap<number, number | null> {
  const queueOf = new Map<number, number | null>();
  for (const [queue, ids] of named) for (const id of ids) queueOf.set(id, queueOf.has(id) ? null : queue);
  return queueOf;
}
