/**
 * Keeps one measurement running. Its intervals are collected until they are taken. If it fails, the reason is shown and
 * it is restarted a few times. Nothing ever waits for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startSession } from '../measure/session.ts';
import type { Counts, Interval, ProbeVariant, Question } from '../measure/types.ts';
import { failure, isFailure } from '../system/errors.ts';

export interface Gathered extends Interval {
  readonly variant: ProbeVariant;
}

export interface Probe {
  /**
   * The counts since the last call, as one interval. If nothing has come since, the latest interval, which stays valid
   * for some seconds; null after that, and before the first.
   */
  take(): Gathered | null;
  /** Has anything come since it was last taken? */
  readonly fresh: boolean;
  readonly state: 'starting' | 'running' | 'missing' | 'failed';
  readonly variant: ProbeVariant | null;
  /** Why it does not run; null while it runs. */
  readonly why: string | null;
  /** Does it run and report every second? */
  readonly counting: boolean;
  /** Settles when it has ended, after `signal` or for good. Never rejects with a Failure. */
  readonly ended: Promise<void>;
}

/** Seconds before each retry; after the last one the failure is final. A start takes about a second. */
const BACK_OFF = [5, 15, 30];
/** After running this long, a failure counts as the first again. */
const STABLE_MS = 300_000;

/** A probe that has reported nothing for this long is stuck or dead. */
const SILENT_MS = 3_000;

/** A retry would fail for the same reason. */
const FINAL: ReadonlySet<string> = new Set([
  'EPERM',
  'bpftrace-missing',
  'bpftrace-too-old',
  'btf-missing',
  'kernel-hung',
  'no-variant',
]);
const MISSING: ReadonlySet<string> = new Set([
  'EPERM',
  'bpftrace-missing',
  'bpftrace-too-old',
  'btf-missing',
]);

/**
 * @param ask what to count; called at the start, because it may read the machine
 * @param onChange called after each interval and each change of state
 * @param onLine called with each line that the probe prints by printf()
 */
export function keepRunning(
  ask: () => Promise<Question>,
  signal: AbortSignal,
  onChange: () => void,
  onLine: (line: string) => void = () => {},
): Probe {
  const now: {
    state: Probe['state'];
    variant: ProbeVariant | null;
    why: string | null;
    gathered: Gathered | null;
    latest: Gathered | null;
    receivedAt: number;
  } = { state: 'starting', variant: null, why: null, gathered: null, latest: null, receivedAt: 0 };

  const once = async (): Promise<void> => {
    const { variant, intervals } = await startSession(await ask(), { signal, count: null, onLine });
    Object.assign(now, { state: 'running', variant, why: null });
    onChange();
    for await (const interval of intervals) {
      now.gathered = now.gathered === null ? { ...interval, variant } : add(now.gathered, interval);
      now.receivedAt = performance.now();
      onChange();
    }
  };

  const supervise = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      const began = performance.now();
      try {
        await once();
        if (!signal.aborted)
          throw failure('bpftrace-ended', 'bpftrace ended by itself', 'see docs/troubleshooting.md');
      } catch (error) {
        if (!isFailure(error)) throw error;
        if (performance.now() - began > STABLE_MS) failures = 0;
        const seconds = FINAL.has(error.code) ? undefined : BACK_OFF[failures];
        const again = seconds === undefined ? '' : `; retry in ${seconds} s`;
        now.state = MISSING.has(error.code) ? 'missing' : 'failed';
        now.why = `${error.message} (${error.hint})${again}`;
        onChange();
        if (seconds === undefined) return;
        failures += 1;
        await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        now.state = 'starting';
      }
    }
  };

  const isSilent = () => performance.now() - now.receivedAt > SILENT_MS;
  const ended = supervise();
  return {
    take: () => {
      now.latest = now.gathered ?? (isSilent() ? null : now.latest);
      now.gathered = null;
      return now.latest;
    },
    get fresh() {
      return now.gathered !== null;
    },
    get counting() {
      return now.state === 'running' && !isSilent();
    },
    get state() {
      return now.state;
    },
    get variant() {
      return now.variant;
    },
    get why() {
      return now.why;
    },
    ended,
  };
}

function add(one: Gathered, other: Interval): Gathered {
  return {
    variant: one.variant,
    time: other.time,
    ended: other.ended,
    seconds: one.seconds + other.seconds,
    counts: addCounts(one.counts, other.counts),
    lost: one.lost + other.lost,
    full: [...new Set([...one.full, ...other.full])],
  };
}

function addCounts(one: Counts, other: Counts): Counts {
  const sum = new Map(Array.from(one, ([name, map]) => [name, new Map(map)]));
  for (const [name, map] of other) {
    const into = sum.get(name) ?? new Map<string, number>();
    for (const [key, count] of map) into.set(key, (into.get(key) ?? 0) + count);
    sum.set(name, into);
  }
  return sum;
}
