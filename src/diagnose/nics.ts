/** Helpers for rules about the queues, IRQs and CPUs of a NIC. */
import type { Cpus } from '../host/cpus.ts';
import type { Group, Host, Irq, Machine, Nic, RxQueue } from '../host/types.ts';
import { receiver } from '../path/receive.ts';
import { receivingNics } from '../path/receiving-nics.ts';
import { sharesOf } from '../path/shares.ts';
import { rssReach } from './rss-reach.ts';
import { usableCpus } from './usable-cpus.ts';

/** Interfaces that are up and have interrupts; veth and the like have queues too, but nothing to fix. */
export function liveNics(host: Host): readonly Nic[] {
  return receivingNics(host).filter(
    ({ state, rxQueues }) =>
      state !== 'down' && rxQueues.some(({ irq, cpus }) => irq !== null || cpus.length > 0),
  );
}

/** Usable CPUs of the NIC's own NUMA node; null without NUMA, or if the firmware names no node. */
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

/** The CPU of a queue's softirq, or of a worker, if it is known and only one. */
export function oneCpu({ cpus }: { readonly cpus: Cpus }): number | null {
  return cpus.length === 1 ? (cpus[0] ?? null) : null;
}

/** ntuple rules or additional contexts can feed queues that the RSS table does not name. */
export function bypassesRss(nic: Nic): boolean {
  return (nic.rss?.contexts?.length ?? 0) > 0 || (nic.rss?.ntupleRules ?? 0) > 0;
}

/** RX queues that packets of a group reach: all that are fed, unless ntuple rules say which. */
export function queuesOf(nic: Nic, group: Group): readonly RxQueue[] {
  if ((nic.rss?.rules ?? []).length === 0) return fedQueues(nic);
  const { ofQueue, whole } = sharesOf(nic, group);
  return whole && ofQueue.size > 0 ? nic.rxQueues.filter(({ index }) => ofQueue.has(index)) : fedQueues(nic);
}

/** RX queues that packets reach: those in the RSS table, or all if there is no table or something bypasses it. */
export function fedQueues(nic: Nic): readonly RxQueue[] {
  const table = new Set(nic.rss?.indirection);
  if (table.size === 0 || bypassesRss(nic)) return nic.rxQueues;
  return nic.rxQueues.filter((queue) => table.has(queue.index));
}

/**
 * CPUs on which packets of this NIC reach a socket: those of RPS if it is set, otherwise the softirq's. null if that of
 * any queue is not known, because a partial set would lead rules to wrong findings.
 */
export function receivingCpus(
  nic: Nic,
  machine: Machine,
  queues = fedQueues(nic),
): ReadonlySet<number> | null {
  const cpus = new Set<number>();
  for (const queue of queues) {
    const { cpu } = receiver(nic, queue, machine);
    const rfs = queue.rfsFlows !== 0 && machine.rpsSockFlowEntries !== 0;
    if (cpu !== null) cpus.add(cpu);
    else if (queue.rps !== null && queue.rps.length > 1 && !rfs) for (const each of queue.rps) cpus.add(each);
    else return null;
  }
  return cpus.size > 0 ? cpus : null;
}

/** The most RX queues that the NIC can have and RSS can reach; null if not known. */
export function maxRxQueues(nic: Nic): number | null {
  const { combined, rx } = nic.channels ?? {};
  const max = (combined?.max ?? 0) + (rx?.max ?? 0);
  return max > 0 ? Math.min(max, rssReach(nic) ?? max) : null;
}
