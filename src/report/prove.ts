/** An experiment as text: the verdict, a table with its intervals, and every round of what decided it. */

import { ABOUT } from '../prove/metrics.ts';
import {
  type Arm,
  type Design,
  METRICS,
  type Metric,
  type MetricName,
  type Metrics,
  type Round,
} from '../prove/types.ts';
import { change as changeOf, levelText, signed } from '../prove/verdict.ts';
import { duration } from '../words/duration.ts';
import { count } from '../words/phrase.ts';
import { type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

/** What is shown of an experiment. */
export interface Shown {
  readonly text: string;
  readonly group: string;
  readonly change: string;
  /** Those of a plan; null: only a program. */
  readonly changes: readonly unknown[] | null;
  readonly aa: boolean;
  readonly design: Design;
  readonly primary: MetricName;
  readonly metrics: Metrics;
  readonly notes: readonly string[];
  readonly rounds: readonly Round[];
}

/** Shown only if there was any. */
const RARE: ReadonlySet<MetricName> = new Set(['steal', 'drops']);

const COLUMNS: readonly Column[] = [
  { head: '', align: 'left' },
  { head: 'off', align: 'right' },
  { head: 'on', align: 'right' },
  { head: 'unit', align: 'left' },
  { head: 'change', align: 'right' },
];

export function proveLines(shown: Shown, style: Style): readonly Line[] {
  const { text, metrics, notes, rounds, primary: name } = shown;
  const primary = metrics[name];
  return [
    ...paragraph('', text, style, 'strong'),
    ...paragraph('', designText(shown), style),
    ...(primary === undefined ? [] : [[], ...metricTable(metrics, name, primary, style)]),
    ...(rounds.length === 0 ? [] : [[], ...sparklines(rounds, name, style)]),
    ...(notes.length === 0 ? [] : [[]]),
    ...notes.flatMap((note) => paragraph('note: ', note, style)),
  ];
}

/** What was switched, and how often. */
export function designText({
  group,
  change,
  changes,
  aa,
  design,
  rounds,
}: Pick<Shown, 'group' | 'change' | 'changes' | 'aa' | 'design' | 'rounds'>): string {
  const { blocks, round, warm, seed, untilClear } = design;
  const switched = changes === null ? `\`${change}\`` : `the plan (${count(changes.length, 'change')})`;
  const what = aa ? 'no change at all in either arm' : `${switched} off and on`;
  if (rounds.length === 0) return `${group}, ${what}: nothing was changed.`;
  return (
    `${group}, ${what}: ${untilClear ? 'up to ' : ''}${count(blocks, 'block')} of 4 rounds (ABBA or BAAB by a coin, seed ${seed}), ` +
    `each ${duration(round)} after ${warm.toFixed(1)} s that do not count.`
  );
}

/** In the order of the table: what decides is the first. */
export const shownMetrics = (metrics: Metrics, decisive: MetricName): readonly MetricName[] =>
  [decisive, ...METRICS.filter((name) => name !== decisive)].filter((name) => {
    const metric = metrics[name];
    return metric !== undefined && !(RARE.has(name) && metric.off === 0 && metric.on === 0);
  });

function metricTable(metrics: Metrics, decisive: MetricName, primary: Metric, style: Style): readonly Line[] {
  const limit = limitOf(primary);
  const scale =
    primary.scale === 'ratio' && limit > 0
      ? `${signed(-limit).padEnd(WHISKER / 2)}${signed(limit).padStart(WHISKER / 2)}`
      : '';
  const rows = shownMetrics(metrics, decisive).map((name) => {
    const metric = metrics[name] ?? primary;
    const whisker = scale !== '' && metric.scale === 'ratio' ? whiskerOf(metric, limit) : '';
    return [
      ABOUT[name].label,
      figure(metric.off),
      figure(metric.on),
      metric.unit,
      changeOf(metric, metric.effect),
      `${changeOf(metric, metric.low)} … ${changeOf(metric, metric.high)}`,
      whisker,
      name === decisive ? 'decides' : '',
    ];
  });
  const columns: readonly Column[] = [
    ...COLUMNS,
    { head: `${levelText(primary)} interval`, align: 'right' },
    { head: scale, align: 'left' },
    { head: '', align: 'left' },
  ];
  return table(columns, rows, style);
}

/** The end of the scale for intervals, as a share: somewhat beyond that of the primary, but nothing falls by more than 100 %. */
export function limitOf({ low, high }: Metric): number {
  const furthest = Math.max(Math.abs(low), Math.abs(high));
  return furthest <= 1 ? Math.min(1, 1.3 * furthest) : 1.3 * furthest;
}

/** Three digits are enough for anything that was measured. */
export const figure = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** Characters between the two ends of the scale; even, and the middle is 0. */
const WHISKER = 24;

/** `├──●──┤   │`: the interval, its middle, and where no change is. `<` and `>`: it goes on beyond the scale. */
function whiskerOf({ low, effect, high }: Metric, limit: number): string {
  const at = (value: number) => Math.round(((value / limit + 1) / 2) * WHISKER);
  const inside = (place: number) => place >= 0 && place <= WHISKER;
  const cells = Array.from({ length: WHISKER + 1 }, (_, place): string =>
    place > at(low) && place < at(high) ? '─' : ' ',
  );
  const put = (place: number, symbol: string) => {
    if (inside(place)) cells[place] = symbol;
  };
  put(WHISKER / 2, '│');
  put(at(low), '├');
  put(at(high), '┤');
  put(at(effect), '●');
  if (at(low) < 0) put(0, '<');
  if (at(high) > WHISKER) put(WHISKER, '>');
  return cells.join('');
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const LEVELS = '▁▂▃▄▅▆▇█';

/** A column for each round in its order; the row tells its arm. */
function sparklines(rounds: readonly Round[], name: MetricName, style: Style): readonly Line[] {
  const known = rounds.flatMap(({ values: { [name]: value } }) => (value === null ? [] : [value]));
  if (known.length === 0) return [];
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const level = (value: number) =>
    LEVELS[Math.min(7, Math.floor((8 * (value - least)) / (most - least || 1)))] ?? '';
  const row = (wanted: Arm) =>
    rounds
      .map(({ arm, values: { [name]: value } }) => (arm === wanted && value !== null ? level(value) : '·'))
      .join('');
  return [
    ...paragraph(
      '',
      `${capital(ABOUT[name].label)} in each round, from ${figure(least)} to ${figure(most)}:`,
      style,
    ),
    ...(['off', 'on'] as const).flatMap((arm) => paragraph(`  ${arm.padEnd(3)} `, row(arm), style)),
  ].map((line) => (line.length === 0 ? [span('')] : line));
}
