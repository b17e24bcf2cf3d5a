/** RX queue -> IRQ -> CPU -> reuseport slot -> worker's CPU -> TX queue, one record for each queue and group. */
import type { Cpus } from '../host/cpus.ts';

export interface Path {
  readonly nic: string;
  readonly rxQueue: number;
  readonly irq: number | null;
  /** The CPU that runs the queue's softirq; null when it is not known or there are several. */
  readonly cpu: number | null;
  /** Group id; null on a NIC's queue that no group is joined to (no groups at all). */
  readonly group: string | null;
  /** Only where a program or SO_INCOMING_CPU decides it; null under hash selection, which reaches any slot. */
  readonly slot: number | null;
  readonly worker: { readonly pid: number; readonly tid: number | null; readonly cpus: Cpus | null } | null;
  /** The TX queue that XPS picks for the worker's CPU (for `cpu` where the worker is not known); null when not decided. */
  readonly txQueue: number | null;
  /** 0 to 1: the chance that a packet of this queue meets a worker on the receiving CPU; null when not known. */
  readonly localShare: number | null;
  /** Why localShare is what it is, in a few words. */
  readonly why: string;
}

/** Expected rx locality of one group behind one NIC, 0 to 1. */
export interface Expected {
  readonly group: string;
  readonly nic: string;
  /** As the machine is set today. */
  readonly now: number | null;
  readonly hash: number | null;
  /** With `ld cpu; mod #N; ret a`. */
  readonly cpu: number | null;
  /** The share of all flows that the busiest worker gets today, 0 to 1, where every flow counts alike. */
  readonly busiest: number | null;
  /** Reasons for each null, and assumptions. */
  readonly notes: readonly string[];
}
