/** What measures the rounds of a phase: counters and the user's number, or these and the waits that a probe counts. */
import { pause } from '../measure/pause.ts';
import { quantileOf } from '../measure/wait.ts';
import { between, type Counters } from './counters.ts';
import type { OwnNumber } from './own-number.ts';
import type { Values } from './types.ts';
import type { WaitProbe } from './wait-probe.ts';

export interface Measured {
  readonly seconds: number;
  /** null: not known. */
  readonly connections: number | null;
  readonly values: Values;
  /** Share of a CPU that the busiest worker used. */
  readonly hottest: number;
}

export interface Measuring {
  /** Takes `seconds`, or less if the signal arrives. */
  round(seconds: number, signal: AbortSignal): Promise<Measured>;
  end(): Promise<void>;
}

/** Without a probe. */
export const byCounters = (counters: Counters, number: OwnNumber | null): Measuring => ({
  round: async (seconds, signal) => {
    const first = await counters.read();
    const answer = number?.begin(seconds, signal);
    await pause(seconds, signal);
    const { values, ...rest } = between(first, await counters.read());
    return { ...rest, values: { ...values, number: (await answer?.()) ?? null } };
  },
  end: async () => {},
});

/** The probe runs in all rounds: if it ran in those of one arm, it would be an effect. */
export function byProbe(probe: WaitProbe, inner: Measuring): Measuring {
  return {
    round: async (seconds, signal) => {
      await probe.next();
      const first = probe.waits();
      const measured = await inner.round(seconds, signal);
      const waits = new Map(
        [...probe.waits()].map(([bucket, count]) => [bucket, count - (first.get(bucket) ?? 0)]),
      );
      const values = {
        ...measured.values,
        'wait-median': quantileOf(waits, 0.5),
        'wait-p99': quantileOf(waits, 0.99),
      };
      return { ...measured, values };
    },
    end: async () => {
      await inner.end();
      await probe.end();
    },
  };
}
