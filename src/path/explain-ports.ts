/** Client ports by the queue that they reach, for balanced tests. */
import { substitute } from '../host/no-interrupts.ts';
import type { Arrival } from './explain-walk.ts';
import type { Flow } from './flow.ts';
import { queueOfFlow } from './queue-of-flow.ts';
import type { Given } from './rss-hash.ts';

export interface QueuePorts {
  readonly queue: number;
  /** Ascending; fewer than requested if there are no more. */
  readonly ports: readonly number[];
}

/** The kernel's default of net.ipv4.ip_local_port_range, from which clients pick. */
const [FIRST, LAST] = [32_768, 60_999];

/**
 * The lowest `count` client ports that reach each queue of the table. Or the reason why no port is known.
 * @param flow its source port does not matter
 */
export function portsByQueue(
  flow: Flow,
  { nic }: Arrival,
  given: Given,
  count: number,
): QueuePorts[] | string {
  const instead = substitute(nic);
  if (instead !== null) return instead.why;
  const land = queueOfFlow(nic, given);
  const found = new Map<number, number[]>();
  const table = new Set(nic.rss?.indirection ?? nic.rxQueues.map(({ index }) => index));
  for (const queue of [...table].sort((one, other) => one - other)) found.set(queue, []);
  let wanting = found.size;
  for (let port = FIRST; port <= LAST && wanting > 0; port++) {
    const { queue, why } = land({ ...flow, source: { ...flow.source, port } }).landing;
    if (queue === null) return why;
    const ports = found.get(queue);
    if (ports === undefined || ports.length >= count) continue;
    ports.push(port);
    if (ports.length === count) wanting--;
  }
  return [...found].map(([queue, ports]) => ({ queue, ports }));
}
