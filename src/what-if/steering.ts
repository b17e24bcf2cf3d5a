/** The CPUs to which packets are steered: IRQ affinity, XPS, RPS, RFS. */
import { homeCpus } from '../diagnose/nics.ts';
import { usableCpus } from '../diagnose/usable-cpus.ts';
import type { Cpus } from '../host/cpus.ts';
import type { Host, Nic, RxQueue, TxQueue } from '../host/types.ts';
import { eachNic, onlyOnline } from './nics.ts';

/** @param list null: the CPUs of the NIC's node, one thread of each core first */
export function setIrqs(list: Cpus | null): (host: Host) => Host {
  return (host) =>
    eachNic(host, (nic) => {
      const cpus = list ?? coresFirst(host, homeCpus(host, nic) ?? usableCpus(host));
      return placed(nic, onlyOnline(host, cpus, 'irq'));
    });
}

function coresFirst(host: Host, cpus: Cpus): Cpus {
  const second = new Set(host.machine.cpus.smtSiblings.flatMap((core) => core.slice(1)));
  return [...cpus.filter((cpu) => !second.has(cpu)), ...cpus.filter((cpu) => second.has(cpu))];
}

/**
 * Vector i on the i-th CPU; queues that share a vector stay together, and so do RX and TX queues with the same number.
 */
function placed(nic: Nic, cpus: Cpus): Nic {
  const cpuOf = new Map<string, number>();
  const cpuFor = ({ irq, index }: RxQueue | TxQueue): number => {
    const vector = irq === null ? `queue ${index}` : `irq ${irq}`;
    const cpu = cpuOf.get(vector) ?? cpuOf.get(`queue ${index}`) ?? cpus[vectors++ % cpus.length] ?? 0;
    cpuOf.set(vector, cpu).set(`queue ${index}`, cpuOf.get(`queue ${index}`) ?? cpu);
    return cpu;
  };
  let vectors = 0;
  const move = <T extends RxQueue | TxQueue>(queue: T): T => ({
    ...queue,
    cpus: [cpuFor(queue)],
    cpusSource: 'affinity',
  });
  const rxQueues = nic.rxQueues.map(move);
  const txQueues = nic.txQueues.map(move);
  const irqs = nic.irqs.map((irq) => {
    const cpu = cpuOf.get(`irq ${irq.irq}`);
    return cpu === undefined ? irq : { ...irq, affinity: [cpu], effective: [cpu] };
  });
  return { ...nic, irqs, rxQueues, txQueues };
}

/** A NIC with one TX queue has no XPS. */
export function setXps(how: 'irq' | 'off'): (host: Host) => Host {
  const set = (queue: TxQueue): TxQueue => ({
    ...queue,
    xpsCpus: how === 'irq' ? queue.cpus : [],
    xpsRxqs: [],
  });
  return (host) =>
    eachNic(host, (nic) => (nic.txQueues.length > 1 ? { ...nic, txQueues: nic.txQueues.map(set) } : nic));
}

export function setRps(rps: Cpus): (host: Host) => Host {
  return (host) =>
    eachNic(host, (nic) => ({ ...nic, rxQueues: nic.rxQueues.map((queue) => ({ ...queue, rps })) }));
}

export function setRfs(host: Host): Host {
  return eachNic(host, (nic) => ({
    ...nic,
    rxQueues: nic.rxQueues.map((queue) => ({ ...queue, rfsFlows: 0 })),
  }));
}
