import type { Group, Host, RxQueue } from '../host/types.ts';
import { type Delivery, deliverer, deliveryOn, undecided } from './locality.ts';
import { type Receiver, receiver } from './receive.ts';
import { nicsFeeding, receivingNics } from './receiving-nics.ts';
import type { Path } from './types.ts';
import { txQueuePicker } from './xps.ts';

/**
 * One path for each rx queue and group, in order of NIC, group, queue; queues of a NIC that feeds no group have group
 * null. Linear in the output: groups and NICs are indexed once.
 */
export function joinPaths(host: Host): Path[] {
  const groups = host.groups.map((group) => ({
    group,
    deliver: deliverer(group),
    reached: nicsFeeding(group, host),
  }));
  return receivingNics(host).flatMap((nic) => {
    const pickTxQueue = txQueuePicker(nic);
    const received = nic.rxQueues.map((queue) => ({
      queue,
      from: receiver(nic, queue, host.machine.rpsSockFlowEntries),
    }));
    const path = ({ queue, from }: Received, group: Group | null, delivery: Delivery): Path => ({
      nic: nic.name,
      rxQueue: queue.index,
      irq: queue.irq,
      cpu: from.softirq,
      group: group?.id ?? null,
      ...delivery,
      txQueue: pickTxQueue({
        cpu: sendingCpu(delivery, from),
        rxQueue: queue.index,
        protocol: group?.protocol ?? null,
      }),
    });
    const joined = groups.filter(({ reached }) => reached.has(nic));
    if (joined.length === 0) {
      return received.map((each) => path(each, null, undecided(each.from.why ?? 'no reuseport group')));
    }
    return joined.flatMap(({ group, deliver }) =>
      received.map((each) => path(each, group, deliveryOn(nic, each.queue, each.from, deliver))),
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
