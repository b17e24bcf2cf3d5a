/** The machine on paper after the commands of findings. */
import type { Cpus } from '../host/cpus.ts';
import type { Host, Nic, Owner, RxQueue, TxQueue } from '../host/types.ts';

export function withNic(host: Host, name: string, change: (nic: Nic) => Nic): Host {
  return { ...host, nics: host.nics.map((nic) => (nic.name === name ? change(nic) : nic)) };
}

/** @param cpusOf the new affinity of an interrupt, by its number */
export function withIrqs(nic: Nic, cpusOf: ReadonlyMap<number, Cpus>): Nic {
  const place = <T extends RxQueue | TxQueue>(queue: T): T => {
    const [cpu] = cpusOf.get(queue.irq ?? -1) ?? [];
    return cpu === undefined ? queue : { ...queue, cpus: [cpu], cpusSource: 'effective' };
  };
  return {
    ...nic,
    irqs: nic.irqs.map((irq) => {
      const affinity = cpusOf.get(irq.irq);
      return affinity === undefined ? irq : { ...irq, affinity, effective: affinity.slice(0, 1) };
    }),
    rxQueues: nic.rxQueues.map(place),
    txQueues: nic.txQueues.map(place),
  };
}

/** The same share of the RSS table for each queue. */
export function withEqualTable(nic: Nic, queues: number): Nic {
  if (nic.rss === null) return nic;
  const indirection = nic.rss.indirection.map((_, entry) => entry % queues);
  return { ...nic, rss: { ...nic.rss, indirection, isDefault: queues === nic.rxQueues.length } };
}

export function withRps(nic: Nic, queues: readonly number[], rps: Cpus): Nic {
  const set = new Set(queues);
  return {
    ...nic,
    rxQueues: nic.rxQueues.map((queue) => (set.has(queue.index) ? { ...queue, rps } : queue)),
  };
}

/** @param cpusOf xps_cpus by TX queue */
export function withXps(nic: Nic, cpusOf: ReadonlyMap<number, Cpus>): Nic {
  return {
    ...nic,
    txQueues: nic.txQueues.map((queue) => ({ ...queue, xpsCpus: cpusOf.get(queue.index) ?? queue.xpsCpus })),
  };
}

/** @param cpuOf null: the thread stays */
export function withPins(host: Host, cpuOf: (owner: Owner) => number | null): Host {
  const groups = host.groups.map((group) => {
    const sockets = group.sockets.map((socket) => {
      const owners = socket.owners.map((owner) => {
        const cpu = cpuOf(owner);
        return cpu === null ? owner : { ...owner, cpus: [cpu] };
      });
      const cpus = [...new Set(owners.flatMap((owner) => owner.cpus ?? []))].sort((a, b) => a - b);
      return owners.length === 0 ? socket : { ...socket, owners, cpus };
    });
    return { ...group, sockets };
  });
  return { ...host, groups };
}
