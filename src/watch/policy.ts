/** When to repair what has drifted, and when to stop. Pure; times are milliseconds of a clock that only moves forward. */
import type { Kind } from '../tune/types.ts';

export interface PolicyOptions {
  /** Kinds that may be repaired. */
  readonly kinds: ReadonlySet<Kind>;
  /** After an event of its interface, a setting is left alone for so long: drivers set their defaults late. */
  readonly settleMs: number;
  /** The same for a group: its server opens and closes its sockets within some milliseconds, and connections wait meanwhile. */
  readonly groupSettleMs: number;
  /** Wait before a repair, after the last was undone or failed; it doubles each time, up to an hour. */
  readonly backoffMs: number;
  /** Repairs in an hour, each of all settings that have drifted by then. */
  readonly mostPerHour: number;
  /** Repairs of a setting that one writer may undo before the setting is left alone. */
  readonly mostUndone: number;
}

export const DEFAULTS: Omit<PolicyOptions, 'kinds'> = {
  settleMs: 2_000,
  groupSettleMs: 700,
  backoffMs: 1_000,
  mostPerHour: 60,
  mostUndone: 2,
};

const HOUR_MS = 3_600_000;

/** What is remembered of one setting that has drifted since the start. */
export interface Memory {
  /** When it was last repaired, or tried to be; null: not yet. */
  readonly last: number | null;
  /** Repairs in a row that failed. */
  readonly failures: number;
  /** Writer -> how many repairs it has undone since the setting was last left alone for an hour. */
  readonly undone: ReadonlyMap<string, number>;
  /** Nothing is repaired any more; who is the reason. */
  readonly givenUp: string | null;
}

export const FRESH: Memory = { last: null, failures: 0, undone: new Map(), givenUp: null };

export type Decision =
  | { readonly act: 'repair' }
  /** Not now, but at that time. */
  | { readonly act: 'wait'; readonly until: number; readonly why: string }
  | { readonly act: 'leave'; readonly why: string }
  /** For good, said once. */
  | { readonly act: 'give-up'; readonly why: string };

export interface Situation {
  readonly now: number;
  readonly kind: Kind;
  /** When its interface or group has settled after it last changed as a whole; null: it has not changed. */
  readonly settledAt: number | null;
  readonly paused: boolean;
  /** Times of the repairs within the last hour. */
  readonly lastHour: readonly number[];
}

export function decide(memory: Memory, situation: Situation, options: PolicyOptions): Decision {
  const { now, kind, settledAt, paused, lastHour } = situation;
  if (!options.kinds.has(kind)) return { act: 'leave', why: '' };
  if (memory.givenUp !== null) return { act: 'leave', why: memory.givenUp };
  if (paused) return { act: 'leave', why: 'repairs are paused' };
  const fighter = [...memory.undone].find(([, times]) => times >= options.mostUndone);
  if (fighter !== undefined) {
    const [who, times] = fighter;
    return { act: 'give-up', why: `${who} has undone ${times} repairs, so it is left alone from now on` };
  }
  if (settledAt !== null && now < settledAt)
    return { act: 'wait', until: settledAt, why: 'waiting until it has settled' };
  const until = (memory.last ?? now) + backoff(memory, options);
  if (now < until) return { act: 'wait', until, why: 'waiting longer each time' };
  const recent = lastHour.filter((time) => now - time < HOUR_MS);
  const [oldest = now] = recent;
  if (recent.length >= options.mostPerHour)
    return { act: 'wait', until: oldest + HOUR_MS, why: `${recent.length} repairs in an hour are the most` };
  return { act: 'repair' };
}

function backoff({ failures, undone }: Memory, { backoffMs }: PolicyOptions): number {
  const times = failures + [...undone.values()].reduce((sum, each) => sum + each, 0);
  return times === 0 ? 0 : Math.min(backoffMs * 2 ** (times - 1), HOUR_MS);
}

export const repaired = (memory: Memory, failed: boolean, now: number): Memory => ({
  ...memory,
  last: now,
  failures: failed ? memory.failures + 1 : 0,
});

/**
 * It has drifted again. A repair that held for an hour was not undone, but overtaken by something new.
 * @param who undid it; null: the machine itself, by a link that went down or a server that restarted
 */
export function drifted(memory: Memory, who: string | null, now: number): Memory {
  if (memory.last === null || who === null) return memory;
  if (now - memory.last >= HOUR_MS) return { ...memory, undone: new Map() };
  return { ...memory, undone: new Map(memory.undone).set(who, (memory.undone.get(who) ?? 0) + 1) };
}
