/** What is watched, what was seen, and what is said of it. */
import type { SavedChange } from '../tune/saved.ts';
import type { Kind, Target } from '../tune/types.ts';
import type { Writer } from './writer.ts';

/** A setting that should keep its value. */
export interface Expectation {
  readonly kind: Kind;
  /** Named by what survives a reload or a change of channels: queue, slot, group. Also its key. */
  readonly subject: string;
  readonly target: SavedChange['target'];
  /** As the kernel prints it. */
  readonly wanted: string;
  /** What sets it by hand; empty if nothing is known of it. */
  readonly command: string;
}

/** What is watched, and only reported: a key, a function, the contexts of RSS. By subject. */
export interface Fact {
  readonly kind: Kind;
  readonly subject: string;
  /** The interface or group that it is of; null: the whole machine. */
  readonly owner: string | null;
  readonly value: string;
}

export interface Baseline {
  /** Where it is from, for people: `journals 3 and 4`, `the machine at 14:02:11`, `plan.json`. */
  readonly source: string;
  readonly settings: readonly Expectation[];
  readonly facts: readonly Fact[];
  /** Group -> number of sockets, where a program or pins are part of the baseline. */
  readonly sizes: ReadonlyMap<string, number>;
  /** `rule subject` of the findings that were there at the start. */
  readonly findings: ReadonlySet<string>;
}

/**
 * `pending`: an interrupt moves to its CPU when it next fires. `ended`: with its server, which is not running; one that
 * starts on the same address gets it again. `gone`: its object is not there now. `unknown`: the kernel did not say.
 */
export type State = 'as-set' | 'pending' | 'drifted' | 'ended' | 'gone' | 'unknown';

export interface Observed {
  readonly kind: Kind;
  readonly subject: string;
  readonly state: State;
  readonly wanted: string;
  readonly is: string | null;
  /** Interface or group; null: the whole machine. */
  readonly owner: string | null;
  /** Its object now; null if it is not there, or if it is a fact, which cannot be set. */
  readonly target: Target | null;
}

/** The workers of a group. */
export interface Generation {
  readonly group: string;
  readonly size: number;
  /** Their inodes. */
  readonly sockets: readonly number[];
  /** `PID/TID` of each socket's owners, sorted. */
  readonly workers: readonly string[];
}

export interface Observation {
  /** By subject. */
  readonly settings: ReadonlyMap<string, Observed>;
  readonly generations: ReadonlyMap<string, Generation>;
  /** `rule subject` -> message. */
  readonly findings: ReadonlyMap<
    string,
    { readonly rule: string; readonly subject: string; readonly message: string }
  >;
  /** Interface -> `up`, `down`, or `no carrier`; absent if it is not there. */
  readonly links: ReadonlyMap<string, string>;
}

export type EventKind = Kind | 'finding' | 'link' | 'group' | 'generation';

/** `given-up`: somebody else keeps setting it, so it is left alone. */
export type Action = 'none' | 'repaired' | 'failed' | 'given-up';

export interface WatchEvent {
  readonly kind: EventKind;
  readonly subject: string;
  readonly from: string | null;
  readonly to: string | null;
  /** What the kernel says of how it came about; one phrase. */
  readonly cause: string;
  /** null: the kernel does not tell. */
  readonly by: Writer | null;
  readonly action: Action;
  /** One sentence about the action; empty if there is nothing to say. */
  readonly why: string;
}
