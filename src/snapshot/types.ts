/** A snapshot: everything that `inspect` reads, with two readings of its counters. */
import type { Host } from '../host/types.ts';

export const SCHEMA = 'locality-tune.snapshot/1';

export interface Snapshot {
  readonly schema: typeof SCHEMA;
  /** Version of the locality-tune that wrote it; null if not known. */
  readonly version: string | null;
  /** ISO 8601: when the machine was read; null if not known. */
  readonly time: string | null;
  /** Host name, addresses and RSS keys were replaced or removed. */
  readonly anonymized: boolean;
  readonly host: Host;
  /** null if it was not taken on a live machine. */
  readonly counters: SnapshotCounters | null;
}

export interface SnapshotCounters {
  /** Measured, from the first reading to the second. */
  readonly seconds: number;
  /** The first and the second. */
  readonly readings: readonly [Reading, Reading];
}

/** Since boot, or since the driver was loaded. */
export interface Reading {
  /** Packets of lo and of interfaces with hardware. */
  readonly interfaces: readonly { readonly name: string; readonly rx: number; readonly tx: number }[];
  /** Packets of each RX queue whose driver counts them. */
  readonly queues: readonly { readonly nic: string; readonly index: number; readonly packets: number }[];
  /** Summed over all CPUs. */
  readonly interrupts: readonly { readonly irq: number; readonly count: number }[];
}
