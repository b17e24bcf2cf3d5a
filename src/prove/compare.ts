/** Rounds -> each metric's effect: one difference a block, so that slow changes of the machine cancel. */
import { ABOUT } from './metrics.ts';
import { deviation, hodgesLehmann, type Interval, lag1, mean, signFlip, tInterval } from './statistics.ts';
import { type Arm, METRICS, type Metric, type MetricName, type Metrics, type Round } from './types.ts';

/** Two blocks at least, for a spread. */
const LEAST_BLOCKS = 2;

/** The blocks of which all four rounds were measured. */
export function wholeBlocks(rounds: readonly Round[]): readonly (readonly Round[])[] {
  const blocks = Map.groupBy(rounds, ({ block }) => block);
  return [...blocks.values()].filter(({ length }) => length === 4);
}

/** Metrics that some round lacks are left out. @param unit of the denominator: `conn`, `packet`, `datagram` */
export function compare(rounds: readonly Round[], unit: string): Metrics {
  const blocks = wholeBlocks(rounds);
  if (blocks.length < LEAST_BLOCKS) return {};
  return Object.fromEntries(
    METRICS.flatMap((name) => {
      const metric = compareOne(name, blocks, unit);
      return metric === null ? [] : [[name, metric]];
    }),
  );
}

function compareOne(name: MetricName, blocks: readonly (readonly Round[])[], unit: string): Metric | null {
  if (blocks.flat().some(({ values }) => values[name] === null)) return null;
  const valuesOf = (rounds: readonly Round[], wanted: Arm): readonly number[] =>
    rounds.flatMap(({ arm, values: { [name]: value } }) => (arm === wanted && value !== null ? [value] : []));
  const all = blocks.map((rounds) => ({ off: valuesOf(rounds, 'off'), on: valuesOf(rounds, 'on') }));
  const isRatio =
    !ABOUT[name].inPoints && all.every(({ off, on }) => [...off, ...on].every((each) => each > 0));
  const middle = isRatio ? geometricMean : mean;
  const d = all.map(({ off, on }) =>
    isRatio ? Math.log(middle(on) / middle(off)) : middle(on) - middle(off),
  );
  const shown = (interval: Interval): Interval => (isRatio ? asChange(interval) : interval);
  return {
    unit: ABOUT[name].unit(unit),
    scale: isRatio ? 'ratio' : 'difference',
    n: d.length,
    off: middle(all.flatMap(({ off }) => off)),
    on: middle(all.flatMap(({ on }) => on)),
    ...shown(hodgesLehmann(d)),
    t: shown(tInterval(d)),
    flip: shown(signFlip(d)),
    sd: deviation(d),
    lag1: lag1(d),
    d,
  };
}

const geometricMean = (values: readonly number[]) => Math.exp(mean(values.map(Math.log)));

/** From logarithms of ratios to relative changes. */
const asChange = ({ effect, low, high, ...rest }: Interval): Interval => ({
  effect: Math.expm1(effect),
  low: Math.expm1(low),
  high: Math.expm1(high),
  ...rest,
});
