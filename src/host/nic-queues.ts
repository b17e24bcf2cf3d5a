/** RX and TX queues of one NIC, each with its IRQ, the CPUs of its softirq, and its RPS or XPS settings. */
import type { Files } from '../system/types.ts';
import type { Cpus } from './cpus.ts';
import type { Irq, RxQueue, TxQueue } from './types.ts';
import { readCpuList, readCpuMask, readInteger, readLine } from './values.ts';

/** Indices of the directories `rx-N` and `tx-N`: real_num_rx_queues and real_num_tx_queues. */
export interface QueueIndices {
  readonly rx: readonly number[];
  readonly tx: readonly number[];
}

const queuesOf = (nic: string): string => `/sys/class/net/${nic}/queues`;

/** null if the tree has no such directories. */
export function readQueueIndices(files: Files, nic: string): QueueIndices | null {
  const entries = files.list(queuesOf(nic));
  const indices = (prefix: string): readonly number[] =>
    entries
      .flatMap((entry) => (entry.startsWith(prefix) ? [Number(entry.slice(prefix.length))] : []))
      .filter(Number.isInteger)
      .sort((a, b) => a - b);
  return entries.length === 0 ? null : { rx: indices('rx-'), tx: indices('tx-') };
}

/** Where the softirqs of a NIC's queues run. */
export interface Servers {
  /** IRQ of each queue. */
  readonly rx: ReadonlyMap<number, number>;
  readonly tx: ReadonlyMap<number, number>;
  readonly irqs: ReadonlyMap<number, Irq>;
  readonly online: Cpus;
  /** Target CPU of each queue's VMBus channel: hv_netvsc has no IRQs. */
  readonly channelCpus: ReadonlyMap<number, number>;
}

export function readRxQueue(files: Files, nic: string, index: number, servers: Servers): RxQueue {
  const path = `${queuesOf(nic)}/rx-${index}`;
  return {
    ...place(index, servers.rx.get(index), servers),
    rps: readRps(files, nic, index),
    rfsFlows: readInteger(files, `${path}/rps_flow_cnt`),
  };
}

export function readRps(files: Files, nic: string, index: number): Cpus | null {
  return readCpuMask(files, `${queuesOf(nic)}/rx-${index}/rps_cpus`);
}

export function readTxQueue(files: Files, nic: string, index: number, servers: Servers): TxQueue {
  const path = `${queuesOf(nic)}/tx-${index}`;
  return {
    ...place(index, servers.tx.get(index), servers),
    xpsCpus: readCpuMask(files, `${path}/xps_cpus`),
    // A mask of RX queues, in the form of a CPU mask.
    xpsRxqs: readCpuMask(files, `${path}/xps_rxqs`),
  };
}

type Placed = Pick<RxQueue, 'index' | 'irq' | 'cpus' | 'cpusSource'>;

function place(index: number, number: number | undefined, { irqs, online, channelCpus }: Servers): Placed {
  const channel = channelCpus.get(index);
  if (channel !== undefined) return { index, irq: null, cpus: [channel], cpusSource: 'effective' };
  const irq = number === undefined ? undefined : irqs.get(number);
  if (!irq) return { index, irq: number ?? null, cpus: [], cpusSource: null };
  return { index, irq: irq.irq, ...softirqCpus(irq, online) };
}

/** Where an IRQ stood before its driver or a daemon placed it, it leaves a handful of interrupts of millions. */
const STRAY = 1 / 10_000;

/**
 * The CPUs that run the softirq of an IRQ. The effective affinity is empty for an interrupt that is not started, and
 * missing in most captured trees; then the CPUs that handled its interrupts since boot count, then those of the
 * affinity.
 */
export function softirqCpus(irq: Irq, online: Cpus): Pick<Placed, 'cpus' | 'cpusSource'> {
  if (irq.effective && irq.effective.length > 0) return { cpus: irq.effective, cpusSource: 'effective' };
  const total = irq.counts.reduce((sum, count) => sum + count, 0);
  const took = online.filter((_, i) => (irq.counts[i] ?? 0) > total * STRAY);
  if (took.length > 0) return { cpus: took, cpusSource: 'counts' };
  if (irq.affinity && irq.affinity.length > 0) return { cpus: irq.affinity, cpusSource: 'affinity' };
  return { cpus: [], cpusSource: null };
}

/** CPU of each queue of an hv_netvsc device, whose number is the sub-channel's (rndis_filter.c, netvsc_sc_open). */
export function readChannelCpus(files: Files, device: string): ReadonlyMap<number, number> {
  const cpus = new Map<number, number>();
  for (const channel of files.list(`${device}/channels`)) {
    const queue = readInteger(files, `${device}/channels/${channel}/subchannel_id`);
    const cpu = readInteger(files, `${device}/channels/${channel}/cpu`);
    if (queue !== null && cpu !== null) cpus.set(queue, cpu);
  }
  return cpus;
}

/** `/proc/irq/N/…_list`: affinity and effective affinity. */
export function readAffinity(files: Files, irq: number): Pick<Irq, 'affinity' | 'effective'> {
  return {
    affinity: readCpuList(files, `/proc/irq/${irq}/smp_affinity_list`),
    effective: readCpuList(files, `/proc/irq/${irq}/effective_affinity_list`),
  };
}

/** Newer kernels write 2 for threads that busy-poll. */
export function readThreaded(files: Files, nic: string): boolean | null {
  const threaded = readLine(files, `/sys/class/net/${nic}/threaded`);
  return threaded === null ? null : threaded !== '0';
}
