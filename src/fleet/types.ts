/** Many machines in one answer. `fleet --json` prints these names: add to them freely, rename nothing. */
import type { Severity } from '../diagnose/types.ts';

export interface Fleet {
  /** The worst first. */
  readonly hosts: readonly Member[];
  /** Each rule that found anything, the commonest of the worst severity first. */
  readonly findings: readonly CommonFinding[];
  /** What could not be read, and why. */
  readonly unread: readonly Unread[];
}

/** What is kept of one machine: a fleet of hundreds fits into little memory. */
export interface Machine {
  /** Its hostname; the file's name if it has none, or if two machines have the same. */
  readonly host: string;
  /** The file, or the target's `instance` in Prometheus. */
  readonly source: string;
  /** ISO 8601: when it was read; null if not known. */
  readonly time: string | null;
  /** `tcp 443`: protocol and port of each reuseport group of several sockets. Machines with the same are peers. */
  readonly role: readonly string[];
  /** Expected locality of its worst group, 0 to 1; null without a group, or if not known. */
  readonly expected: number | null;
  /** That group's id. */
  readonly group: string | null;
  /** Share of the received packets that were read on their receiving CPU, 0 to 1; null if not measured. */
  readonly measured: number | null;
  /** Settings that drifted from what was applied; null if nobody watches. */
  readonly drift: number | null;
  /** Number of findings, by rule. */
  readonly findings: Readonly<Record<string, number>>;
  /** Number of findings, by severity. */
  readonly severities: Readonly<Record<Severity, number>>;
  /** The worst severity of each rule's findings here. */
  readonly severityOf: Readonly<Record<string, Severity>>;
  /** What peers usually have in common, by name: `eth0 queues` -> `8`. */
  readonly traits: Readonly<Record<string, string>>;
}

export interface Member extends Omit<Machine, 'severityOf' | 'traits'> {
  readonly differs: readonly Difference[];
}

/** A machine has something else than most of its peers. */
export interface Difference {
  readonly trait: string;
  readonly value: string;
  /** What most of its peers have. */
  readonly peers: string;
  /** Number of peers that have it, without this machine. */
  readonly agree: number;
  /** Number of peers of which it is known. */
  readonly of: number;
}

export interface CommonFinding {
  readonly rule: string;
  readonly severity: Severity;
  /** Number of machines that have it. */
  readonly hosts: number;
}

export interface Unread {
  readonly source: string;
  readonly error: string;
}
