/** A snapshot of the machine behind a `System`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, Nic } from '../host/types.ts';
import { readPacketCounts } from '../measure/interface-rates.ts';
import { readQueueTotals } from '../measure/queue-rates.ts';
import { packageVersion } from '../system/package.ts';
import type { System } from '../system/types.ts';
import { type Reading, SCHEMA, type Snapshot, type SnapshotCounters } from './types.ts';

const BETWEEN_MS = 1000;

/** `host` was just read through `system`. Takes a second on a live machine, for the counters. */
export async function takeSnapshot(system: System, host: Host): Promise<Snapshot> {
  const live = system.kernel !== null;
  return {
    schema: SCHEMA,
    version: packageVersion(),
    // A captured tree does not contain the time of its capture.
    time: live ? new Date().toISOString() : null,
    anonymized: false,
    host,
    counters: live ? await count(system, host.nics) : null,
  };
}

async function count(system: System, nics: readonly Nic[]): Promise<SnapshotCounters> {
  const first = await read(system, nics);
  await sleep(BETWEEN_MS);
  const second = await read(system, nics);
  return { seconds: (second.at - first.at) / 1000, readings: [first.reading, second.reading] };
}

async function read(system: System, nics: readonly Nic[]): Promise<{ reading: Reading; at: number }> {
  const { packets, at } = readPacketCounts(system.files);
  const queues = await readQueueTotals(system, nics);
  const irqs = new Set(nics.flatMap(({ irqs }) => irqs.map(({ irq }) => irq)));
  const reading = {
    interfaces: Array.from(packets, ([name, { rx, tx }]) => ({ name, rx, tx })),
    queues: Array.from(queues.packets, ([nic, counts]) =>
      Array.from(counts, ([index, packets]) => ({ nic, index, packets: Number(packets) })),
    ).flat(),
    interrupts: Array.from(queues.interrupts, ([irq, count]) => ({ irq, count })).filter(({ irq }) =>
      irqs.has(irq),
    ),
  };
  return { reading, at };
}
