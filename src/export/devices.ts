/** Metrics of network devices, their queues and IRQs, and of the CPUs that these use. */
import type { Host, Irq, Nic } from '../host/types.ts';
import type { Scrape } from './scrape.ts';
import type { Counters } from './types.ts';

type QueueCounters = Omit<Counters, 'sockets'>;

const DIRECTIONS = ['rx', 'tx'] as const;

export function addDevices(scrape: Scrape, { nics, groups, machine }: Host, counters: QueueCounters): void {
  for (const nic of nics) addDevice(scrape, nic, counters);
  const queues = nics.flatMap(({ rxQueues }) => rxQueues.map(({ cpus }) => cpus));
  const workers = groups.flatMap(({ sockets }) => sockets.map(({ cpus }) => cpus));
  const [queuesOn, workersOn] = [perCpu(queues), perCpu(workers)];
  for (const cpu of machine.cpus.online) {
    scrape.add('cpu_queues', { cpu }, queuesOn.get(cpu) ?? 0);
    scrape.add('cpu_workers', { cpu }, workersOn.get(cpu) ?? 0);
  }
  const hasInterrupts = nics.some(({ irqs }) => irqs.length > 0);
  if (hasInterrupts && counters.interrupts.size === 0) scrape.miss('interrupt_counts', 'hidden');
  if (nics.some(({ rss, rxQueues }) => rss === null && rxQueues.length > 1)) scrape.miss('rss', 'driver');
  if (nics.some((nic) => lacksPackets(nic, counters))) scrape.miss('queue_packets', 'driver');
  if (counters.packets === null) scrape.miss('queue_packets', 'slow');
}

const lacksPackets = ({ name, rxQueues }: Nic, { packets }: QueueCounters): boolean =>
  rxQueues.length > 0 && packets?.rx.get(name)?.size === 0;

/** CPU -> how many of the sets hold it alone. */
function perCpu(sets: readonly (readonly number[])[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const [cpu, ...others] of sets)
    if (cpu !== undefined && others.length === 0) counts.set(cpu, (counts.get(cpu) ?? 0) + 1);
  return counts;
}

function addDevice(scrape: Scrape, nic: Nic, { packets, interrupts }: QueueCounters): void {
  const { name: device, driver, numaNode, rss } = nic;
  scrape.add('device_info', { device, driver: driver ?? '', numa_node: numaNode ?? -1 }, 1);
  for (const direction of DIRECTIONS) {
    const queues = direction === 'rx' ? nic.rxQueues : nic.txQueues;
    const counted = packets?.[direction].get(device);
    scrape.add('device_queues', { device, direction }, queues.length);
    for (const { index: queue, irq, cpus } of queues) {
      const labels = { device, queue, direction };
      scrape.add('queue_packets_total', labels, counted?.get(queue) ?? null);
      scrape.add('queue_interrupts_total', labels, irq === null ? null : (interrupts.get(irq) ?? null));
      scrape.add('queue_irq_cpu', labels, only(cpus));
    }
  }
  for (const { index: queue, xpsCpus } of nic.txQueues)
    scrape.add('queue_xps_cpu', { device, queue }, only(xpsCpus ?? []));
  for (const { index: queue, rps } of nic.rxQueues)
    scrape.add('queue_rps_cpus', { device, queue }, rps === null ? null : rps.length);
  const entries = rss?.indirection ?? [];
  if (entries.length === 0) return;
  const perQueue = Map.groupBy(entries, (queue) => queue);
  for (const { index: queue } of nic.rxQueues)
    scrape.add('queue_rss_ratio', { device, queue }, (perQueue.get(queue)?.length ?? 0) / entries.length);
}

/** One series for each IRQ: only if asked for. */
export function addIrqs(scrape: Scrape, { nics }: Host, { interrupts }: QueueCounters): void {
  // Devices may share a line.
  const known = new Set<Irq['irq']>();
  for (const { name: device, irqs } of nics)
    for (const { irq, role, name, effective } of irqs) {
      scrape.add('irq_info', { irq, device, role, name }, 1);
      if (known.has(irq)) continue;
      known.add(irq);
      scrape.add('irq_cpu', { irq }, only(effective ?? []));
      scrape.add('irq_interrupts_total', { irq }, interrupts.get(irq) ?? null);
    }
}

export const only = (cpus: readonly number[]): number | null =>
  cpus.length === 1 ? (cpus[0] ?? null) : null;
