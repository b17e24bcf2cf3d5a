/**
 * What a watcher sees and has done, in numbers: for a metrics endpoint. Each label has a fixed list of values, and a count
 * of zero is given too, so that a missing count always means that nobody counts.
 */
import { ALL_KINDS, type Kind } from '../tune/types.ts';
import type { State } from './types.ts';
import type { Writer } from './writer.ts';

/**
 * Who changed a setting: a systemd unit, a container, another process; the interface (its driver set defaults after a link or
 * channel change), the server (it was restarted, reloaded), or a CPU that went offline. `unknown`: the kernel reports no such change.
 */
export const CULPRITS = ['unit', 'container', 'process', 'interface', 'server', 'cpu', 'unknown'] as const;
export type Culprit = (typeof CULPRITS)[number];

export const RESULTS = ['repaired', 'failed', 'given-up'] as const;
export type Result = (typeof RESULTS)[number];

export const STATES: readonly State[] = ['as-set', 'pending', 'drifted', 'ended', 'gone', 'unknown'];

/** Since the watcher was started; these only grow. */
export interface Tally {
  /** Times that a setting drifted, one for each kind and culprit. */
  readonly drift: readonly { readonly kind: Kind; readonly culprit: Culprit; readonly count: number }[];
  /** Repairs, one for each kind and result. `given-up` counts settings that are left alone from then on. */
  readonly repairs: readonly { readonly kind: Kind; readonly result: Result; readonly count: number }[];
  /** Times that the machine was read, and how often with bpftrace. */
  readonly looks: number;
  readonly slotReads: number;
}

/** Settings of the baseline now, one for each kind, device and state. */
export interface SettingCount {
  readonly kind: Kind;
  /** An interface; null: a group's setting, or the whole machine's. */
  readonly device: string | null;
  readonly state: State;
  readonly count: number;
}

export interface WatchCounters extends Tally {
  readonly settings: readonly SettingCount[];
  readonly paused: boolean;
  /** Settings that are left alone now, because somebody keeps changing them. */
  readonly givenUp: number;
}

/** Counts in maps of a fixed size. */
export class Counts {
  readonly #drift = new Map<string, number>();
  readonly #repairs = new Map<string, number>();
  looks = 0;
  slotReads = 0;

  drifted(kind: Kind, culprit: Culprit): void {
    add(this.#drift, `${kind} ${culprit}`);
  }

  done(kind: Kind, result: Result): void {
    add(this.#repairs, `${kind} ${result}`);
  }

  get tally(): Tally {
    const drift = ALL_KINDS.flatMap((kind) =>
      CULPRITS.map((culprit) => ({ kind, culprit, count: this.#drift.get(`${kind} ${culprit}`) ?? 0 })),
    );
    const repairs = ALL_KINDS.flatMap((kind) =>
      RESULTS.map((result) => ({ kind, result, count: this.#repairs.get(`${kind} ${result}`) ?? 0 })),
    );
    return { drift, repairs, looks: this.looks, slotReads: this.slotReads };
  }
}

const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** @param by null: no writer is known. @param other what else it is put down to */
export function culpritOf(by: Writer | null, heard: boolean, other: Culprit | null): Culprit {
  // A container has a unit, too.
  if (by !== null) return by.container !== null ? 'container' : by.unit !== null ? 'unit' : 'process';
  return heard ? 'process' : (other ?? 'unknown');
}
