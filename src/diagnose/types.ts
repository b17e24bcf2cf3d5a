import type { Cpus } from '../host/cpus.ts';
import type { Group, Host, Irq, Nic } from '../host/types.ts';
import type { View } from '../path/view.ts';
import type { Vector } from './vectors.ts';

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  /** Name of the rule, kebab-case, as in docs. */
  readonly rule: string;
  readonly severity: Severity;
  /** The object in the kernel's words: `irq 59`, `eth0 rx-3`, `tcp 0.0.0.0:8080`, `irqbalance`. */
  readonly subject: string;
  /** One or two plain sentences: the state, and what it costs. */
  readonly message: string;
  /** Shell commands that fix it, in order; empty if there are none. */
  readonly fix: readonly string[];
}

/**
 * Where the interrupts of a NIC belong, decided once, because two rules that each moved them would undo each other's
 * work.
 */
export interface Placement {
  readonly nic: Nic;
  /** All of the NIC, as the keys of `target`. */
  readonly vectors: readonly Vector[];
  /** CPUs with at least two vectors more than another CPU has. */
  readonly crowded: readonly (readonly [cpu: number, vectors: readonly Vector[]])[];
  /** If there are crowded CPUs, those with the fewest vectors: of the NIC's node, or of any node if it has none. */
  readonly near: Cpus;
  /** The same for other nodes. */
  readonly far: Cpus;
  /** Number of vectors of each CPU in `near` and `far`. */
  readonly least: number;
  /** Vectors that leave a crowded CPU. */
  readonly surplus: readonly Vector[];
  /** Vectors on another NUMA node, while CPUs of the NIC's own (`idle`) have none. */
  readonly away: readonly Vector[];
  readonly idle: Cpus;
  /** IRQs on isolated CPUs where no worker runs. */
  readonly isolated: readonly (Irq & { readonly vector: Vector; readonly cpu: number })[];
  /** The CPU of each vector that should move, also because of its load. */
  readonly target: ReadonlyMap<Vector, number>;
}

/** Vectors of one NIC that move, because one CPU takes too many interrupts: one to a CPU without any, or two change places. */
export interface Rebalance {
  readonly cpu: number;
  /** Of the interrupts of all RX queues, 0 to 1, before; and what would be fair. */
  readonly share: number;
  readonly fair: number;
  /** What the CPU receives from before. */
  readonly receives: readonly { readonly nic: Nic; readonly vector: Vector }[];
  readonly nic: Nic;
  readonly moves: ReadonlyMap<Vector, number>;
}

/** A group of two or more members; with a single SO_REUSEPORT socket the kernel has no choice. */
export interface FedGroup {
  readonly group: Group;
  /** NICs whose packets can reach it, without quiet ones if there are busy ones; none for a loopback address. */
  readonly nics: readonly Nic[];
  /**
   * CPUs on which packets reach it: those of the NICs, or any online CPU without a NIC, because the sender's CPU then
   * receives. null if any of them is not known.
   */
  readonly cpus: ReadonlySet<number> | null;
}

/** What is best for one group now: decided once, so that rules do not contradict each other. */
export interface Advice {
  /** The program that it should have; `none`: the hash; null: unchanged, or not known. */
  readonly program: 'cpu' | 'map' | 'rand' | 'none' | null;
  /** One sentence. */
  readonly why: string;
  /** Commands that bring the group there, in order; empty if it is there already. */
  readonly fix: readonly string[];
}

export interface AdvisedGroup extends FedGroup {
  readonly advice: Advice;
}

/** The input of a rule: the view, and what was computed once for all rules. */
export interface Facts extends View {
  readonly served: readonly AdvisedGroup[];
  /** NICs with so little traffic that nothing about them deserves a warning. */
  readonly quiet: ReadonlySet<Nic>;
  /** One for each NIC that is up. */
  readonly placements: readonly Placement[];
  readonly rebalances: readonly Rebalance[];
  /** Names of NICs whose channels a command of an earlier stage changes, so their queues will be different. */
  readonly changing: ReadonlySet<string>;
  /** Does a command of an earlier stage change anything? Then these are the facts after it. */
  readonly planned: boolean;
}

/** What a rule found, and what its commands do. */
export interface Found extends Finding {
  /** The effect of the commands, or why there are none: the end of the message. */
  readonly remedy?: string;
  /** The machine after the commands of `fix`; absent if they change nothing that a rule reads. */
  readonly after?: (host: Host) => Host;
  /** The NIC whose channels they change. */
  readonly changes?: string;
}

export type Rule = (facts: Facts) => readonly Found[];
