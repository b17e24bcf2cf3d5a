/** What the metrics are made from, as plain data. */
import type { Finding, Severity } from '../diagnose/types.ts';
import type { View } from '../path/view.ts';
import type { MissingReason } from './catalog.ts';

/** The machine as it was last read. */
export interface Configuration extends View {
  readonly findings: readonly Finding[];
  /** Why slots and programs are not known; null: they are. */
  readonly slots: MissingReason<'slots'> | null;
  /** Milliseconds since the epoch, when the reading began. */
  readonly readAt: number;
  /** How long it took. */
  readonly seconds: number;
}

/** What a socket has waiting, and has dropped, since it was opened. */
export interface SocketCounters {
  readonly recvQueue: number;
  /** null: not known. */
  readonly drops: number | null;
}

/** Read for each scrape. */
export interface Counters {
  /** By device and queue; null: the kernel did not answer in time. */
  readonly packets: {
    readonly rx: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
    readonly tx: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
  } | null;
  /** Interrupts of all CPUs since boot, by IRQ. */
  readonly interrupts: ReadonlyMap<number, number>;
  /** By inode: listeners of TCP, and every UDP socket; null: the kernel did not list them. */
  readonly sockets: ReadonlyMap<number, SocketCounters> | null;
}

/** A rule, and the severities that its findings can have. */
export interface RuleSeverities {
  readonly rule: string;
  readonly severities: readonly Severity[];
}
