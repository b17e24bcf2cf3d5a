/** What `prove -j` printed, read again: the file may come from another machine. */
import { list, nullable, number, object, oneOf, type Shape, text, truth, whole } from '../system/shape.ts';
import type { Interval } from './statistics.ts';
import { type Design, METRICS, type Metric, type MetricName, type Metrics, type Round } from './types.ts';

/** What a report shows of an experiment. */
export interface ProvedDocument {
  readonly started: string;
  readonly group: string;
  readonly change: string;
  readonly aa: boolean;
  readonly verdict: string;
  readonly text: string;
  readonly notes: readonly string[];
  readonly design: Design;
  readonly primary: MetricName;
  /** How many changes a plan has; null: only a program. */
  readonly changes: readonly unknown[] | null;
  readonly metrics: Metrics;
  readonly rounds: readonly Round[];
}

const natural = whole(0, Number.MAX_SAFE_INTEGER);
const arm = oneOf('off', 'on');
const interval = { effect: number, low: number, high: number, level: number, p: number };
const metric: Shape<Metric> = object<Metric>({
  ...interval,
  unit: text,
  scale: oneOf('ratio', 'difference'),
  n: natural,
  off: number,
  on: number,
  t: object<Interval>(interval),
  flip: object<Interval>(interval),
  sd: number,
  lag1: number,
  d: list(number),
});

/** Of every metric, because an older file does not have them all. */
const byMetric = <T>(of: Shape<T>) =>
  Object.fromEntries(METRICS.map((name) => [name, nullable(of)])) as Record<MetricName, Shape<T | null>>;

const metrics: Shape<Metrics> = (value, at) => {
  const all = object<Record<MetricName, Metric | null>>(byMetric(metric))(value, at);
  return Object.fromEntries(Object.entries(all).filter(([, each]) => each !== null));
};

const document: Shape<ProvedDocument> = object<ProvedDocument>({
  started: text,
  group: text,
  change: text,
  aa: truth,
  verdict: text,
  text,
  notes: list(text),
  design: object<Design>({
    order: oneOf('random ABBA/BAAB'),
    seed: number,
    blocks: natural,
    round: number,
    warm: number,
    untilClear: (value, at) => (value === undefined ? false : truth(value, at)),
  }),
  primary: oneOf(...METRICS),
  changes: nullable(list((value: unknown) => value)),
  metrics,
  rounds: list(
    object<Round>({
      block: natural,
      arm,
      at: number,
      seconds: number,
      connections: natural,
      values: object(byMetric(number)),
    }),
  ),
});

/** Throws SyntaxError, Mismatch. */
export const parseProved = (content: string): ProvedDocument => document(JSON.parse(content), '');
