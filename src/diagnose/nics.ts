/** What the rules about queues, IRQs and CPUs ask of a NIC. */
import type { Cpus } from '../host/cpus.ts';
import type { Host, Irq, Nic, RxQueue } from '../host/types.ts';
import { receiver } from '../path/receive.ts';
import { receivingNics } from '../path/receiving-nics.ts';

/**
 * Ports that are up and take interrupts: veth and the like have queues too, but nothing about them can be
 * mended.
 */
export function liveNics(host: Host): readonly Nic[] {
  return receivingNics(host).filter(
    ({ state, rxQueues }) =>
      state !== 'down' && rxQueues.some(({ irq, cpus }) => irq !== null || cpus.length > 0),
  );
}

/** Online CPUs that nobody has set aside with isolcpus or nohz_full. */
export function usableCpus(host: Host): Cpus {
  const isolated = new Set(host.machine.cpus.isolated);
  return host.machine.cpus.online.filter((cpu) => !isolated.has(cpu));
}

/** Usable CPUs of the NIC's own NUMA node; null without NUMA, or when the firmware names no node. */
export function homeCpus(host: Host, nic: Nic): Cpus | null {
  const { numa } = host.machine.cpus;
  if (numa.length < 2) return null;
  const node = new Set(numa.find(({ node }) => node === nic.numaNode)?.cpus);
  const cpus = usableCpus(host).filter((cpu) => node.has(cpu));
  return cpus.length > 0 ? cpus : null;
}

/** IRQs that serve queues, without link, admin and mailbox vectors. */
export function queueIrqs(nic: Nic): readonly Irq[] {
  return nic.irqs.filter((irq) => irq.role !== 'other' && irq.queues.length > 0);
}

/** The CPU of a queue's softirq, or of a worker, when it is known and one. */
export function oneCpu({ cpus }: { readonly cpus: Cpus }): number | null {
  return cpus.length === 1 ? (cpus[0] ?? null) : null;
}

/** One interrupt and the RX queues behind it; a vector may serve several, and then they can't be parted. */
export interface RxVector {
  readonly irq: number | null;
  readonly queues: readonly number[];
  readonly cpu: number;
}

/** Vectors of the RX queues whose CPU is known, by their lowest queue. */
export function rxVectors(nic: Nic): readonly RxVector[] {
  const vectors = new Map<string, { irq: number | null; queues: number[]; cpu: number }>();
  for (const queue of nic.rxQueues) {
    const cpu = oneCpu(queue);
    if (cpu === null) continue;
    const key = queue.irq === null ? `rx-${queue.index}` : `irq ${queue.irq}`;
    const vector = vectors.get(key) ?? { irq: queue.irq, queues: [], cpu };
    if (vector.queues.length === 0) vectors.set(key, vector);
    vector.queues.push(queue.index);
  }
  return [...vectors.values()];
}

/**
 * IRQs to move with a vector: its own, and those of the TX queues of the same numbers (virtio has them
 * apart).
 */
export function pairedIrqs(nic: Nic, vector: RxVector): readonly number[] {
  const queues = new Set(vector.queues);
  const tx = nic.txQueues.filter((queue) => queues.has(queue.index)).map((queue) => queue.irq);
  return [...new Set([vector.irq, ...tx])].filter((irq) => irq !== null);
}

/** ntuple rules or additional contexts can feed queues that the RSS table does not name. */
export function bypassesRss(nic: Nic): boolean {
  return (nic.rss?.contexts?.length ?? 0) > 0 || (nic.rss?.ntupleRules ?? 0) > 0;
}

/**
 * RX queues that packets reach: those in the RSS table, or all where there is none or something goes round
 * it.
 */
export function fedQueues(nic: Nic): readonly RxQueue[] {
  const table = new Set(nic.rss?.indirection);
  if (table.size === 0 || bypassesRss(nic)) return nic.rxQueues;
  return nic.rxQueues.filter((queue) => table.has(queue.index));
}

/**
 * CPUs on which packets of this NIC meet a socket: those of RPS where it is set, else the softirq's.
 * null as soon as one queue's is not known, since half of them would lead a rule to a wrong verdict.
 */
export function receivingCpus(nic: Nic, rpsSockFlowEntries: number | null): ReadonlySet<number> | null {
  const cpus = new Set<number>();
  for (const queue of fedQueues(nic)) {
    const { cpu } = receiver(nic, queue, rpsSockFlowEntries);
    const rfs = queue.rfsFlows !== 0 && rpsSockFlowEntries !== 0;
    if (cpu !== null) cpus.add(cpu);
    else if (queue.rps !== null && queue.rps.length > 1 && !rfs) for (const each of queue.rps) cpus.add(each);
    else return null;
  }
  return cpus.size > 0 ? cpus : null;
}

/** The most RX queues that the NIC can have; null when it does not say. */
export function maxRxQueues(nic: Nic): number | null {
  const { combined, rx } = nic.channels ?? {};
  const max = (combined?.max ?? 0) + (rx?.max ?? 0);
  return max > 0 ? max : null;
}
