/** Rates from the two readings of a snapshot. */
import type { Nic } from '../host/types.ts';
import { type PacketCounts, type PacketRates, packetRates } from '../measure/interface-rates.ts';
import { type QueueRate, type QueueTotals, queueRates } from '../measure/queue-rates.ts';
import type { Reading, SnapshotCounters } from './types.ts';

/** Packets per second through all interfaces together. */
export function interfaceRates({ seconds, readings: [first, second] }: SnapshotCounters): PacketRates {
  const counts = ({ interfaces }: Reading, at: number): PacketCounts => ({
    packets: new Map(interfaces.map(({ name, rx, tx }) => [name, { rx, tx }])),
    at,
  });
  return packetRates(counts(first, 0), counts(second, 1000 * seconds));
}

/** For every RX queue of these NICs. */
export const rxQueueRates = (nics: readonly Nic[], { seconds, readings }: SnapshotCounters): QueueRate[] =>
  queueRates(nics, countsOf(readings[0]), countsOf(readings[1]), seconds);

function countsOf({ queues, interrupts }: Reading): QueueTotals {
  const byNic = Map.groupBy(queues, ({ nic }) => nic);
  return {
    packets: new Map(
      Array.from(byNic, ([nic, of]) => [
        nic,
        new Map(of.map(({ index, packets }) => [index, BigInt(packets)])),
      ]),
    ),
    interrupts: new Map(interrupts.map(({ irq, count }) => [irq, count])),
  };
}
