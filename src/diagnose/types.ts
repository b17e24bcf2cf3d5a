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
  /** One or two plain sentences: what is, and what it costs. */
  readonly message: string;
  /** Shell commands that mend it, in order; empty when there is none to give. */
  readonly fix: readonly string[];
}

/** Where the interrupts of a NIC belong. Two rules that each moved them on their own would undo each other's work. */
export interface Placement {
  readonly nic: Nic;
  /** CPUs with at least two vectors more than another CPU has. */
  readonly crowded: readonly (readonly [cpu: number, vectors: readonly Vector[]])[];
  /** The CPUs with the fewest vectors, where there are crowded ones: of the NIC's node, or any where it has none. */
  readonly near: Cpus;
  /** The same of other nodes. */
  readonly far: Cpus;
  /** How many vectors each CPU of `near` and `far` has. */
  readonly least: number;
  /** Vectors that leave a crowded CPU. */
  readonly surplus: readonly Vector[];
  /** Vectors on another NUMA node, while CPUs of the NIC's own (`idle`) have none. */
  readonly away: readonly Vector[];
  readonly idle: Cpus;
  /** IRQs on isolated CPUs where no worker runs. */
  readonly isolated: readonly (Irq & { readonly vector: Vector; readonly cpu: number })[];
  /** The CPU of each vector that should move. */
  readonly target: ReadonlyMap<Vector, number>;
}

/** A group of two members or more; a single SO_REUSEPORT socket leaves the kernel nothing to choose. */
export interface FedGroup {
  readonly group: Group;
  /** NICs whose packets can reach it, without quiet ones beside busy ones; none for a loopback address. */
  readonly nics: readonly Nic[];
  /**
   * CPUs on which packets meet it: those of the NICs, or any online one where there is no NIC, since the
   * sender's own CPU receives then. null when one of them is not known.
   */
  readonly cpus: ReadonlySet<number> | null;
}

/** What is best for one group as the machine is now: decided once, so that no two rules send it both ways. */
export interface Advice {
  /** The program that it should have; `none`: the hash; null: as it is, or not to be told. */
  readonly program: 'cpu' | 'map' | 'rand' | 'none' | null;
  /** One sentence. */
  readonly why: string;
  /** Commands that bring the group there, in order; empty when it is there. */
  readonly fix: readonly string[];
}

export interface AdvisedGroup extends FedGroup {
  readonly advice: Advice;
}

/** What a rule looks at: the view, and what was worked out once for all rules. */
export interface Facts extends View {
  readonly served: readonly AdvisedGroup[];
  /** NICs with so little to do that nothing about them is worth a warning. */
  readonly quiet: ReadonlySet<Nic>;
  /** One for each NIC that is up. */
  readonly placements: readonly Placement[];
  /** Names of NICs whose channels a command of an earlier stage changes: their queues are not yet what they will be. */
  readonly changing: ReadonlySet<string>;
  /** Did a command of an earlier stage change anything? Then these are the facts as they will be. */
  readonly planned: boolean;
}

/** What a rule found, and what its commands do. */
export interface Found extends Finding {
  /** What the commands lead to, or why there are none: the end of the message. */
  readonly remedy?: string;
  /** The machine as the commands of `fix` leave it; absent where they change nothing that a rule looks at. */
  readonly after?: (host: Host) => Host;
  /** The NIC whose channels they change. */
  readonly changes?: string;
}

export type Rule = (facts: Facts) => readonly Found[];
