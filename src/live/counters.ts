/** The activity of each queue, from counters that cost nothing: the driver's statistics and /proc/interrupts. */
import type { Nic } from '../host/types.ts';
import { type PacketCounts, packetRates, readPacketCounts } from '../measure/interface-rates.ts';
import { queuePackets, readStatistics } from '../measure/queue-rates.ts';
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
    tx: new Map(statistics.map(([name, all]) => [name, queuePackets(asReceived(all))])),
    interrupts: countInterrupts(system.files, irqs),
    cpus: readCpuCounters(system.files, cpus),
    at: performance.now(),
  };
}

/** Drivers name sent and received counters alike, with tx for rx, so one table of names serves both. */
const asReceived = (statistics: ReadonlyMap<string, bigint>): Map<string, bigint> =>
  new Map(
    Array.from(statistics)
      .filter(([name]) => name.includes('tx') && !name.includes('rx'))
      .map(([name, value]) => [name.replaceAll('tx', 'rx'), value]),
  );

const countInterrupts = (files: Files, irqs: ReadonlySet<number>): Map<number, number> =>
  irqs.size === 0 ? new Map() : sumInterrupts(files.text('/proc/interrupts') ?? '', irqs);

const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/**
 * Interrupts summed over all CPUs, for the IRQs in `wanted`. This runs every second, and with 512 CPUs a line has 5 KB,
 * so only the wanted lines are scanned, character by character. Never throws.
 */
export function sumInterrupts(text: string, wanted: ReadonlySet<number>): Map<number, number> {
  const sums = new Map<number, number>();
  for (let start = text.indexOf('\n') + 1; start > 0 && start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const colon = text.indexOf(':', start);
    const irq = colon > 0 && colon < end ? Number(text.slice(start, colon)) : Number.NaN;
    if (wanted.has(irq)) sums.set(irq, sumLine(text, colon + 1, end));
    start = end + 1;
  }
  return sums;
}

/** Reads numbers up to the first word that is not one: the name of the chip may begin with a digit. */
function sumLine(text: string, start: number, end: number): number {
  let sum = 0;
  let value = -1;
  for (let at = start; at <= end; at++) {
    const code = at < end ? text.charCodeAt(at) : SPACE;
    if (code >= ZERO && code <= NINE) value = (value < 0 ? 0 : value) * 10 + code - ZERO;
    else if (code === SPACE) {
      if (value >= 0) sum += value;
      value = -1;
    } else break;
  }
  return sum;
}

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
