/** RX queue -> IRQ -> CPU -> reuseport slot -> worker's CPU -> TX queue, one record for each queue and group. */
import type { Cpus } from '../host/cpus.ts';

export interface Path {
  readonly nic: string;
  readonly rxQueue: number;
  readonly irq: number | null;
  /** The CPU that runs the queue's softirq; null if not known, or there are several. */
  readonly cpu: number | null;
  /** Group id; null for a queue that feeds no group. */
  readonly group: string | null;
  /** Only if a program or SO_INCOMING_CPU decides it; null under hash selection, which can reach any slot. */
  readonly slot: number | null;
  readonly worker: { readonly pid: number; readonly tid: number | null; readonly cpus: Cpus | null } | null;
  /** The TX queue that XPS picks for the worker's CPU (for `cpu` if the worker is not known); null if not decided. */
  readonly txQueue: number | null;
  /** Who chooses it: XPS, the driver, a hash. */
  readonly txWhy: string;
  /** 0 to 1: the probability that a packet of this queue gets a worker on its receiving CPU; null if not known. */
  readonly localShare: number | null;
  /** Why localShare is what it is, in a few words. */
  readonly why: string;
}

/** Expected rx locality of one group through one NIC, 0 to 1. */
export interface Expected {
  readonly group: string;
  readonly nic: string;
  /** With today's settings. */
  readonly now: number | null;
  readonly hash: number | null;
  /** With `ld cpu; mod #N; ret a`. */
  readonly cpu: number | null;
  /** The share of all flows that the busiest worker gets today, 0 to 1, if every flow counts the same. */
  readonly busiest: number | null;
  /** Reasons for each null, and assumptions. */
  readonly notes: readonly string[];
}
