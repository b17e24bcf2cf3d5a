/** A plan: what to change, in which order, and how to restore it. Printed by `plan -j`, kept in journals. */

import type { Instruction } from '../cbpf/instruction.ts';
import type { Cpus } from '../host/cpus.ts';

/** What a plan may change, in the order in which a growing plan is applied; `--only` takes these names. */
const PLANNED = [
  'irqbalance',
  'channels',
  'rss',
  'fields',
  'irq',
  'napi',
  'xps',
  'rps',
  'rfs',
  'pin',
  'program',
] as const;
export type PlannedKind = (typeof PLANNED)[number];
export const KINDS: readonly PlannedKind[] = PLANNED;
const BY_XDP_AND_BALANCE = ['feature', 'xdp', 'tc'] as const;
/** `feature`, `xdp` and `tc` are changed only by `locality-tune xdp` and `balance`. */
export type Kind = PlannedKind | (typeof BY_XDP_AND_BALANCE)[number];
export const ALL_KINDS: readonly Kind[] = [...PLANNED, ...BY_XDP_AND_BALANCE];

/**
 * The object of a change, by names that survive a reordering: a device and its queue, a process and its start time,
 * never only an IRQ number or pid (`irq` and `pid` are the present ones, to be checked before use; an `irq` of -1
 * exists only after the change of channels and is found by device and queue).
 */
export type Target =
  | { readonly kind: 'irqbalance'; readonly irqs: readonly number[] }
  | { readonly kind: 'channels'; readonly nic: string; readonly which: 'combined' | 'rx' | 'tx' }
  | { readonly kind: 'rss'; readonly nic: string }
  | { readonly kind: 'fields'; readonly nic: string; readonly flow: 'tcp4' | 'udp4' | 'tcp6' | 'udp6' }
  | {
      readonly kind: 'irq';
      readonly nic: string;
      readonly role: 'rx' | 'tx' | 'rxtx';
      readonly queues: readonly number[];
      readonly irq: number;
      readonly name: string;
    }
  | {
      readonly kind: 'napi';
      readonly nic: string;
      /** RX queues for which the kernel thread receives. */
      readonly queues: readonly number[];
      /** The thread, and its start time as for a pin; its NAPI instance. Found by its queues if it has ended. */
      readonly pid: number;
      readonly startTime: string | null;
      readonly comm: string;
      readonly napi: number;
    }
  | { readonly kind: 'xps'; readonly nic: string; readonly queue: number; readonly by: 'cpus' | 'rxqs' }
  | { readonly kind: 'rps'; readonly nic: string; readonly queue: number }
  | { readonly kind: 'rfs'; readonly nic: string; readonly queue: number }
  | {
      readonly kind: 'pin';
      readonly pid: number;
      readonly tid: number;
      readonly comm: string;
      /** Field 22 of /proc/PID/task/TID/stat, in clock ticks since boot; null in a captured tree. */
      readonly startTime: string | null;
      /** The slot that it serves; absent where that is not known. */
      readonly serves?: ServedSlot;
    }
  | { readonly kind: 'feature'; readonly nic: string; readonly feature: string }
  | { readonly kind: 'xdp'; readonly nic: string }
  /** The filter on the way out. */
  | { readonly kind: 'tc'; readonly nic: string }
  | {
      readonly kind: 'program';
      readonly group: string;
      readonly name: string | null;
      /** null detaches the program. */
      readonly instructions: readonly Instruction[] | null;
    };

export interface ServedSlot {
  readonly group: string;
  /** null if it was not known. */
  readonly slot: number | null;
}

export interface Change {
  readonly kind: Kind;
  /** The object in the kernel's words: `eth0 rx-3`, `irq 59 (eth0-TxRx-3)`, `tcp 0.0.0.0:8080`. */
  readonly subject: string;
  readonly target: Target;
  /**
   * The present and the new value, as the kernel prints it without the newline: `0-3` of smp_affinity_list, `ff` of
   * xps_cpus, `0 1 2 3 0 1 2 3` of an indirection table or `default`, `sdfn`, a program's name or its assembler text.
   * `from` is null if not known (then it cannot be restored, and `why` says so).
   */
  readonly from: string | null;
  readonly to: string;
  /** One sentence. */
  readonly why: string;
  /** A shell command (or several lines) that does the same by hand, without this tool if possible. */
  readonly command: string;
  /** What its interface was called when it was set, if that is not its name now. */
  readonly formerNic?: string;
}

export interface Refused {
  readonly subject: string;
  /** What would help, and why it is not planned. */
  readonly why: string;
}

export interface Plan {
  /** In the order of application. Empty: the machine is right already. */
  readonly changes: readonly Change[];
  readonly refused: readonly Refused[];
  /** Assumptions, what cannot be restored, and what to put into a server's configuration to make it permanent. */
  readonly notes: readonly string[];
}

/** What to tune, and how. */
export interface PlanOptions {
  /** Interfaces; a bond stands for its lower devices. Nothing else is ever changed. */
  readonly ifaces: readonly string[];
  readonly ports: readonly number[];
  readonly protocol: 'tcp' | 'udp';
  /** Only these kinds; empty: all. */
  readonly only: readonly Kind[];
  /** CPUs to use; null: the plan chooses (the NIC's node first, no isolated or offline CPUs). */
  readonly cpus: Cpus | null;
  /** CPUs for all interrupts and no worker; null: those of the workers. */
  readonly irqCpus: Cpus | null;
  /** CPUs to leave unused, such as the exclusive cores of pods. */
  readonly avoidCpus: Cpus;
  /** One thread of each core, or both. */
  readonly smt: 'one' | 'both';
  /** Program by name; null: the plan chooses. */
  readonly program: string | null;
}
