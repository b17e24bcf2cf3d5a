/** Who chooses the TX queue: the driver, XPS, or a hash. */
import { whyXpsIgnored } from '../host/tx-choice.ts';
import type { Nic, Protocol } from '../host/types.ts';

export interface Sender {
  /** null if the sending CPU is not known. */
  readonly cpu: number | null;
  /** The queue on which the flow arrived; null if not known. */
  readonly rxQueue: number | null;
  readonly protocol: Protocol | null;
}

export interface TxChoice {
  /** null if it is not decided by anything that can be read. */
  readonly queue: number | null;
  /** Who chooses. */
  readonly why: string;
  /** If a hash picks one of several queues, the chance of each, 0 to 1; otherwise null. */
  readonly chance: number | null;
}

/**
 * By rx queue first, then by CPU (net/core/dev.c, get_xps_queue()), and what XPS does not map is hashed by flow
 * (skb_tx_hash()). A driver's own choice comes before all that. A UDP socket that is not connected records no rx queue
 * (__udp_queue_rcv_skb()). A TCP connection keeps its queue while data is in flight, a connected UDP socket as long as its
 * route (netdev_pick_tx()): for those, this is the queue of the first packet.
 */
export function txChooser(nic: Nic): (sender: Sender) => TxChoice {
  const { txQueues } = nic;
  const [only] = txQueues;
  if (only === undefined) return always(null, 'its tx queues are not known');
  if (txQueues.length === 1) return always(only.index, 'the only queue');
  const ignored = whyXpsIgnored(nic);
  if (ignored !== null) return always(null, ignored);
  const byRxQueue = invert(txQueues.map((queue) => [queue.index, queue.xpsRxqs ?? []]));
  const readable = txQueues.every((queue) => queue.xpsCpus !== null);
  const byCpu = invert(readable ? txQueues.map((queue) => [queue.index, queue.xpsCpus ?? []]) : []);
  const hashed = (why: string, among = txQueues.length) => undecided(why, 1 / among);
  return ({ cpu, rxQueue, protocol }) => {
    if (protocol !== 'udp' && byRxQueue.size > 0) {
      if (rxQueue === null) return undecided('XPS chooses by the rx queue (xps_rxqs), which is not known');
      const [first, ...more] = byRxQueue.get(rxQueue) ?? [];
      const by = `XPS of rx-${rxQueue} (xps_rxqs)`;
      if (first !== undefined && more.length === 0) return { queue: first, why: by, chance: null };
      if (first !== undefined) return hashed(`${by} names several, so a hash picks one`, more.length + 1);
    }
    if (!readable) return undecided('xps_cpus could not be read');
    if (byCpu.size === 0) return hashed('XPS is not set, so a hash of the flow picks one');
    if (cpu === null) return undecided('XPS chooses by the sending CPU, which is not known');
    const [first, ...more] = byCpu.get(cpu) ?? [];
    if (first === undefined) return hashed(`XPS names none for CPU ${cpu}, so a hash of the flow picks one`);
    const by = `XPS of CPU ${cpu}`;
    if (more.length === 0) return { queue: first, why: by, chance: null };
    return hashed(`${by} names several, so a hash picks one`, more.length + 1);
  };
}

const undecided = (why: string, chance: number | null = null): TxChoice => ({ queue: null, why, chance });

function always(queue: number | null, why: string): () => TxChoice {
  return () => ({ queue, why, chance: null });
}

/** The queues that name each CPU or rx queue. */
function invert(
  named: readonly (readonly [queue: number, ids: readonly number[]])[],
): ReadonlyMap<number, readonly number[]> {
  const queuesOf = new Map<number, number[]>();
  for (const [queue, ids] of named)
    for (const id of ids) {
      const queues = queuesOf.get(id);
      if (queues === undefined) queuesOf.set(id, [queue]);
      else queues.push(queue);
    }
  return queuesOf;
}
