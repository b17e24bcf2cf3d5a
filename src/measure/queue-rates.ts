/** What each RX queue receives, from the driver's statistics and its interrupts: at no cost, and without a probe. */
import { type Interrupts, readInterrupts } from '../host/interrupts.ts';
import type { Nic } from '../host/types.ts';
import { isSystemError } from '../system/errors.ts';
import type { System } from '../system/types.ts';

export interface QueueRate {
  readonly nic: string;
  readonly rxQueue: number;
  /** In the interval; null if the driver has no such statistic. */
  readonly packets: number | null;
  readonly pps: number | null;
  /**
   * Interrupts of the queue's IRQ, which tx may share; null if not known. One interrupt may handle many packets (NAPI).
   */
  readonly interrupts: number | null;
}

/** Since boot; by NIC and queue. */
export interface QueueTotals {
  readonly packets: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
  /** By IRQ. */
  readonly interrupts: ReadonlyMap<number, number>;
}

/**
 * Names of a queue's received packets in `ethtool -S`: igb, ixgbe, ice, hv_netvsc; virtio_net, mlx4, mlx5; i40e, iavf
 * (and before 5.x); ena; gve; bnxt, which counts unicast separately and little else.
 */
const NAMES: readonly RegExp[] = [
  /^rx_queue_(\d+)_packets$/,
  /^rx_?(\d+)_packets$/,
  /^rx-(\d+)\.(?:rx_)?packets$/,
  /^queue_(\d+)_rx_cnt$/,
  /^rx_packets\[(\d+)\]$/,
  /^\[(\d+)\]: rx_ucast_packets$/,
];

/** Queue -> packets received since the driver was loaded. */
export function queuePackets(statistics: ReadonlyMap<string, bigint>): Map<number, bigint> {
  const packets = new Map<number, bigint>();
  for (const [name, value] of statistics)
    for (const pattern of NAMES) {
      const queue = pattern.exec(name)?.[1];
      if (queue !== undefined) packets.set(Number(queue), value);
    }
  return packets;
}

/** Queue -> packets sent since the driver was loaded. */
export const sentPackets = (statistics: ReadonlyMap<string, bigint>): Map<number, bigint> =>
  queuePackets(asReceived(statistics));

/** Drivers name sent and received counters alike, with tx for rx, so one table of names serves both. */
const asReceived = (statistics: ReadonlyMap<string, bigint>): Map<string, bigint> =>
  new Map(
    Array.from(statistics)
      .filter(([name]) => name.includes('tx') && !name.includes('rx'))
      .map(([name, value]) => [name.replaceAll('tx', 'rx'), value]),
  );

/** The driver's statistics of each NIC; empty if it has none, does not permit the query, or is just gone. */
export async function readStatistics(
  { kernel }: System,
  nics: readonly Nic[],
): Promise<readonly (readonly [nic: string, statistics: ReadonlyMap<string, bigint>])[]> {
  const statisticsOf = async (name: string): Promise<ReadonlyMap<string, bigint>> => {
    try {
      return (await kernel?.statistics(name)) ?? new Map();
    } catch (error) {
      if (isSystemError(error)) return new Map();
      throw error;
    }
  };
  return Promise.all(nics.map(async ({ name }) => [name, await statisticsOf(name)] as const));
}

export async function readQueueTotals(system: System, nics: readonly Nic[]): Promise<QueueTotals> {
  const statistics = await readStatistics(system, nics);
  return {
    packets: new Map(statistics.map(([name, all]) => [name, queuePackets(all)])),
    interrupts: countByIrq(readInterrupts(system.files)),
  };
}

const countByIrq = ({ lines }: Interrupts): Map<number, number> =>
  new Map(
    lines
      .filter(({ counts }) => counts.length > 0)
      .map(({ irq, counts }) => [irq, counts.reduce((sum, count) => sum + count, 0)]),
  );

/** `before` and `after` are `seconds` apart. A counter that went backwards (the driver was reset) gives null. */
export function queueRates(
  nics: readonly Nic[],
  before: QueueTotals,
  after: QueueTotals,
  seconds: number,
): QueueRate[] {
  return nics.flatMap(({ name, rxQueues }) =>
    rxQueues.map(({ index, irq }) => {
      const packets = difference(before.packets.get(name)?.get(index), after.packets.get(name)?.get(index));
      return {
        nic: name,
        rxQueue: index,
        packets,
        pps: packets === null ? null : Math.round(packets / seconds),
        interrupts: irq === null ? null : difference(before.interrupts.get(irq), after.interrupts.get(irq)),
      };
    }),
  );
}

function difference(before: bigint | number | undefined, after: bigint | number | undefined): number | null {
  if (before === undefined || after === undefined || after < before) return null;
  return Number(BigInt(after) - BigInt(before));
}
