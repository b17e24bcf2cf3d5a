/** An experiment: its design, its rounds, and what they add up to. `prove -j` prints these names. */
import type { Interval } from './statistics.ts';

/** Without the change, and with it. */
export type Arm = 'off' | 'on';

export interface Design {
  readonly order: 'random ABBA/BAAB';
  /** Decides the order of each block. */
  readonly seed: number;
  /** Of four rounds each. */
  readonly blocks: number;
  /** Seconds that are measured in each round. */
  readonly round: number;
  /** Seconds before each round that are not measured: connections of the other arm end. */
  readonly warm: number;
  /** May it end after a third and two thirds of its blocks, if these are clear? */
  readonly untilClear: boolean;
}

/** What a cost is divided by. */
export type Per = 'connection' | 'packet' | 'datagram';

export const METRICS = [
  'worker-cpu',
  'remote-wakeups',
  'ipis',
  'cpus-not-idle',
  'run-queue-wait',
  'switches',
  'busiest-worker',
  'rate',
  'steal',
  'drops',
  'cycles',
  'instructions',
  'llc-misses',
  'number',
  'wait-median',
  'wait-p99',
] as const;
export type MetricName = (typeof METRICS)[number];

/** null: not known. */
export type Values = Readonly<Record<MetricName, number | null>>;

export interface Round {
  /** From 0. */
  readonly block: number;
  readonly arm: Arm;
  /** Seconds since the start of the experiment, when the measured part begins. */
  readonly at: number;
  /** Length of the measured part. */
  readonly seconds: number;
  /** Accepted connections; packets or datagrams, if these are counted. */
  readonly connections: number;
  readonly values: Values;
}

/** One metric over all whole blocks. */
export interface Metric extends Interval {
  readonly unit: string;
  /** `ratio`: effect, low and high are relative changes (-0.1 is 10 % less); `difference`: in the unit. */
  readonly scale: 'ratio' | 'difference';
  /** Blocks. */
  readonly n: number;
  /** Means of the arms; of a ratio, geometric means. */
  readonly off: number;
  readonly on: number;
  /** Student's t, and the test by random signs. */
  readonly t: Interval;
  readonly flip: Interval;
  /** Standard deviation of `d`, and the correlation of each with the next one. */
  readonly sd: number;
  readonly lag1: number;
  /** Each block's difference: of a ratio ln(on / off). */
  readonly d: readonly number[];
}

export type Metrics = Readonly<Partial<Record<MetricName, Metric>>>;

export type VerdictName =
  | 'not-in-force'
  | 'too-little-traffic'
  | 'too-few'
  | 'gain'
  | 'loss'
  | 'none'
  | 'too-noisy'
  | 'stopped';

export interface Verdict {
  readonly verdict: VerdictName;
  /** The verdict in words. */
  readonly text: string;
  readonly notes: readonly string[];
}
