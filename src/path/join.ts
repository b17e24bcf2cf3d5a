import type { Group, Host, RxQueue } from '../host/types.ts';
import { deliveryOn } from './delivery.ts';
import { type Delivery, deliverer, undecided } from './locality.ts';
import { type Receiver, receiver } from './receive.ts';
import { waysIn } from './receiving-nics.ts';
import { remember } from './remember.ts';
import type { Path } from './types.ts';
import { txChooser } from './xps.ts';

/**
 * One path for each rx queue and group, by NIC, group, queue; NICs that no group can be reached through have their queues
 * with a null group. Linear in what it returns: groups and NICs are indexed once each.
 */
export function joinPaths(host: Host): Path[] {
  const deliver = remember(deliverer);
  return waysIn(host).flatMap(({ nic, groups }) => {
    const chooseTxQueue = txChooser(nic);
    const received = nic.rxQueues.map((queue) => ({ queue, from: receiver(nic, queue, host.machine) }));
    const path = ({ queue, from }: Received, group: Group | null, delivery: Delivery): Path => {
      const { queue: txQueue, why: txWhy } = chooseTxQueue({
        cpu: sendingCpu(delivery, from),
        rxQueue: queue.index,
        protocol: group?.protocol ?? null,
      });
      const { index: rxQueue, irq } = queue;
      const [cpu, id] = [from.softirq, group?.id ?? null];
      return { nic: nic.name, rxQueue, irq, cpu, group: id, ...delivery, txQueue, txWhy };
    };
    if (groups.length === 0)
      return received.map((each) => path(each, null, undecided(each.from.why ?? 'no reuseport group')));
    return groups.flatMap((group) =>
      received.map((each) => path(each, group, deliveryOn(nic, each.queue, each.from, deliver(group)))),
    );
  });
}

interface Received {
  readonly queue: RxQueue;
  readonly from: Receiver;
}

function sendingCpu({ worker }: Delivery, from: Receiver): number | null {
  if (worker === null) return from.cpu;
  return worker.cpus?.length === 1 ? (worker.cpus[0] ?? null) : null;
}
