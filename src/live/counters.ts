/** The activity of each queue, from counters that cost nothing: the driver's statistics and /proc/interrupts. */
import type { Nic } from '../host/types.ts';
import { type PacketCounts, packetRates, readPacketCounts } from '../measure/interface-rates.ts';
import { sumInterrupts } from '../measure/interrupt-sums.ts';
import { queuePackets, readStatistics, sentPackets } from '../measure/queue-rates.ts';
import type { Files, System } from '../system/types.ts';
import { type CpuCounters, cpuLoads, readCpuCounters } from './cpu-loads.ts';
import type { CpuLoad, QueueSample } from './types.ts';

export interface Counters {
  readonly interfaces: PacketCounts;
  /** Packets since the driver was loaded, by NIC and queue. */
  readonly rx: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
  readonly tx: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
  /** Interrupts since boot, by IRQ. */
  readonly interrupts: ReadonlyMap<number, number>;
  readonly cpus: CpuCounters;
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
}

/** @param cpus those that are online */
export async function readCounters(
  system: System,
  nics: readonly Nic[],
  cpus: readonly number[],
): Promise<Counters> {
  const statistics = await readStatistics(system, nics);
  const irqs = new Set(nics.flatMap((nic) => nic.irqs.map(({ irq }) => irq)));
  return {
    interfaces: readPacketCounts(system.files),
    rx: new Map(statistics.map(([name, all]) => [name, queuePackets(all)])),
    tx: new Map(statistics.map(([name, all]) => [name, sentPackets(all)])),
    interrupts: countInterrupts(system.files, irqs),
    cpus: readCpuCounters(system.files, cpus),
    at: performance.now(),
  };
}

const countInterrupts = (files: Files, irqs: ReadonlySet<number>): Map<number, number> =>
  irqs.size === 0 ? new Map() : sumInterrupts(files.text('/proc/interrupts') ?? '', irqs);

/** null if a counter has no rate: it is new, or went backwards. */
export function queueSamples(nics: readonly Nic[], before: Counters, after: Counters): QueueSample[] {
  const seconds = (after.at - before.at) / 1000;
  const interrupts = (irq: number | null) =>
    irq === null ? null : rate(before.interrupts.get(irq), after.interrupts.get(irq), seconds);
  const packets = (direction: 'rx' | 'tx', nic: string, index: number) =>
    rate(before[direction].get(nic)?.get(index), after[direction].get(nic)?.get(index), seconds);
  return nics.flatMap(({ name, rxQueues, txQueues }) => [
    ...rxQueues.map(({ index, irq }) => ({
      nic: name,
      direction: 'rx' as const,
      index,
      irq,
      interrupts: interrupts(irq),
      pps: packets('rx', name, index),
    })),
    ...txQueues.map(({ index, irq }) => ({
      nic: name,
      direction: 'tx' as const,
      index,
      irq,
      interrupts: interrupts(irq),
      pps: packets('tx', name, index),
    })),
  ]);
}

function rate(
  before: bigint | number | undefined,
  after: bigint | number | undefined,
  seconds: number,
): number | null {
  if (before === undefined || after === undefined || after < before || seconds <= 0) return null;
  return Math.round(Number(BigInt(after) - BigInt(before)) / seconds);
}

export const packetRatesBetween = (before: Counters, after: Counters) =>
  packetRates(before.interfaces, after.interfaces);

export const loadsBetween = (before: Counters, after: Counters, cpus: readonly number[]): CpuLoad[] =>
  cpuLoads(before.cpus, after.cpus, cpus, (after.at - before.at) / 1000);
