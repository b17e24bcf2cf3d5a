/** Counts, during a phase of its own, how long connections or datagrams wait for their worker. */
import { startSession } from '../measure/session.ts';
import type { Interval, Session } from '../measure/types.ts';
import { toWaits, type Waits, waitQuestion } from '../measure/wait.ts';
import { isFailure } from '../system/errors.ts';
import type { Per } from './types.ts';

/** The ends of a round are as exact as this. */
const INTERVAL_SECONDS = 0.25;

export interface WaitProbe {
  /** Resolves when the interval of now has ended, or the probe has. */
  next(): Promise<void>;
  /** All of them, until the last interval. */
  waits(): Waits;
  /** Why it counts no longer; null: it does. */
  problem(): string | null;
  end(): Promise<void>;
}

const WAITING = { connection: 'connection', packet: 'data', datagram: 'datagram' } as const;

/** Never throws: see `problem`. */
export async function startWaitProbe(port: number, per: Per): Promise<WaitProbe> {
  const abort = new AbortController();
  const totals = new Map<number, number>();
  let problem: string | null = null;
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const count = ({ counts }: Interval): void => {
    for (const [bucket, more] of toWaits(counts)) totals.set(bucket, (totals.get(bucket) ?? 0) + more);
    wake();
  };
  const read = async (intervals: Session['intervals']): Promise<void> => {
    try {
      for await (const interval of intervals) count(interval);
    } catch (error) {
      problem = reasonOf(error);
    }
    wake();
  };
  let reading = Promise.resolve();
  try {
    const question = waitQuestion(WAITING[per], port, INTERVAL_SECONDS);
    const { intervals } = await startSession(question, { count: null, signal: abort.signal });
    reading = read(intervals);
  } catch (error) {
    problem = reasonOf(error);
  }
  return {
    next: async () => {
      if (problem === null) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    waits: () => new Map(totals),
    problem: () => problem,
    end: async () => {
      abort.abort();
      await reading;
    },
  };
}

/** Bugs are thrown on. */
function reasonOf(error: unknown): string {
  if (!isFailure(error)) throw error;
  return error.message;
}
