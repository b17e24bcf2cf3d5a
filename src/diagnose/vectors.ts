/** The interrupts of a NIC, each with everything that moves along. */

import type { Irq, Nic, RxQueue, TxQueue } from '../host/types.ts';
import { ownedQueues } from '../path/ntuple.ts';
import { oneCpu, queueIrqs } from './nics.ts';

/** RX and TX queues of one interrupt, or of two interrupts with the same number (virtio), which belong on one CPU. */
export interface Vector {
  readonly rx: readonly number[];
  readonly tx: readonly number[];
  readonly irqs: readonly Irq[];
  /** The one CPU of its affinity, otherwise the one that it interrupts; null: several, or not known. */
  readonly cpu: number | null;
  /** Does it have an IRQ whose affinity can be written, or will it after the change of channels? */
  readonly movable: boolean;
}

/**
 * In order of their lowest RX queue; vectors with only TX queues are last. @param coming RX and TX queues from there on
 * do not exist yet; null: no IRQ may be moved
 */
export function vectorsOf(nic: Nic, coming: number | null): readonly Vector[] {
  const owned = ownedQueues(nic);
  const irqs = new Map(queueIrqs(nic).map((irq) => [irq.irq, irq]));
  const vectors = new Map<
    string,
    { rx: number[]; tx: number[]; irqs: Set<Irq>; queues: (RxQueue | TxQueue)[] }
  >();
  const ofRx = new Map<number, string>();
  const ofIrq = new Map<number, string>();
  const add = (direction: 'rx' | 'tx', queue: RxQueue | TxQueue, key: string) => {
    const vector = vectors.get(key) ?? { rx: [], tx: [], irqs: new Set<Irq>(), queues: [] };
    vectors.set(key, vector);
    vector[direction].push(queue.index);
    vector.queues.push(queue);
    const irq = queue.irq === null ? undefined : irqs.get(queue.irq);
    if (irq !== undefined) vector.irqs.add(irq);
  };
  for (const queue of nic.rxQueues) {
    const key = queue.irq === null ? `rx-${queue.index}` : `irq ${queue.irq}`;
    ofRx.set(queue.index, key);
    if (queue.irq !== null) ofIrq.set(queue.irq, key);
    add('rx', queue, key);
  }
  for (const queue of nic.txQueues) {
    const pair = nic.rxQueues.length > 1 ? ofRx.get(queue.index) : undefined;
    // One IRQ is moved once, however many TX queues it serves.
    const key = ofIrq.get(queue.irq ?? -1) ?? pair ?? `tx-${queue.index}`;
    if (queue.irq !== null) ofIrq.set(queue.irq, key);
    add('tx', queue, key);
  }
  return [...vectors.values()].map(({ rx, tx, irqs, queues }) => ({
    rx,
    tx,
    irqs: [...irqs],
    cpu: placeOf([...irqs], queues),
    movable:
      coming !== null &&
      !rx.some((queue) => owned.has(queue)) &&
      (irqs.size > 0 || queues.some(({ index, cpus }) => index >= coming && cpus.length === 0)),
  }));
}

/** RX before TX: if a pair is apart, the TX interrupt follows. */
function placeOf([irq]: readonly Irq[], queues: readonly (RxQueue | TxQueue)[]): number | null {
  const asked = irq?.affinity?.length === 1 ? irq.affinity[0] : undefined;
  if (asked !== undefined) return asked;
  const [queue] = queues;
  return queue === undefined ? null : oneCpu(queue);
}

/** Does the NIC raise interrupts? veth, tun and the like have queues, but packets are received on the sender's CPU. */
export function hasInterrupts(nic: Nic): boolean {
  return nic.irqs.length > 0 || nic.rxQueues.some(({ cpus }) => cpus.length > 0);
}
