/** Every CPU: how busy it is, its softirqs, the packets that it receives, and how many of them are read there. */
import type { ReactNode } from 'react';
import type { CpuLoad, Sample } from '../../src/live/types.ts';
import { percentOf } from '../../src/measure/percent.ts';
import { count } from '../../src/words/phrase.ts';
import { bar } from '../components/bar.ts';
import { headLine, longest, type PaneColumn, place, rowLine } from '../components/columns.ts';
import { isEnough } from '../components/figures.ts';
import { type Line, span } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import { PERCENT, percentText, percentTone, RATE, rateText } from '../components/values.ts';
import type { PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

interface Row extends CpuLoad {
  /** Share of the packets that this CPU received and that were read here, 0 to 100; null: too few, or not counted. */
  readonly local: number | null;
}

/** All by number if they fit, otherwise those that spend most time in softirqs. */
export function CpuLoads({ history, width, height, theme }: PaneProps): ReactNode {
  const now = history.at(-1);
  const lines = now === undefined ? [] : cpuLines(now, width, height, theme);
  return <Rows lines={lines} width={width} height={height} theme={theme} />;
}

/** Title and heads. */
const FRAME = 2;
const MARGIN = ' ';

function cpuLines(now: Sample, width: number, height: number, theme: Theme): readonly Line[] {
  const room = Math.max(0, height - FRAME);
  const fits = now.loads.length <= room;
  const weight = ({ softirq, busy }: CpuLoad) => 1000 * (softirq ?? -1) + (busy ?? -1);
  const loads = fits ? now.loads : now.loads.toSorted((a, b) => weight(b) - weight(a)).slice(0, room);
  const indices = new Map(now.cpus.map((cpu, at) => [cpu, at]));
  const rows = loads.map((load): Row => ({ ...load, local: localOf(now, indices.get(load.cpu)) }));
  const columns = place(columnsOf(rows, theme), width - 2 * MARGIN.length);
  const indented = (line: Line): Line => [span(MARGIN), ...line];
  return [
    [
      span(` ${count(now.loads.length, 'CPU')}`),
      span(fits ? '' : `  most softirq first, ${loads.length} of them`, 'dim'),
    ],
    indented(headLine(columns, theme)),
    ...rows.map((row) => indented(rowLine(columns, row, theme))),
  ];
}

function localOf({ rxMatrix }: Sample, at: number | undefined): number | null {
  const row = at === undefined ? undefined : rxMatrix?.[at];
  if (row === undefined || at === undefined) return null;
  const received = row.reduce((sum, each) => sum + each, 0);
  return isEnough(received) ? percentOf(row[at] ?? 0, received) : null;
}

const BAR = 8;

function columnsOf(rows: readonly Row[], theme: Theme): readonly PaneColumn<Row>[] {
  const figure = (value: number | null) => span(percentText(value, theme), value === null ? 'unknown' : null);
  return [
    {
      head: 'cpu',
      align: 'right',
      width: longest(rows.map(({ cpu }) => String(cpu))),
      cell: ({ cpu }) => span(String(cpu), 'strong'),
    },
    { head: 'busy %', align: 'right', width: PERCENT, cell: ({ busy }) => figure(busy) },
    {
      head: '',
      align: 'left',
      width: BAR,
      leaves: 2,
      cell: ({ busy }) => span(bar((busy ?? 0) / 100, BAR, theme), 'accent'),
    },
    { head: 'softirq %', align: 'right', width: PERCENT, cell: ({ softirq }) => figure(softirq) },
    {
      head: '',
      align: 'left',
      width: BAR,
      leaves: 1,
      cell: ({ softirq }) => span(bar((softirq ?? 0) / 100, BAR, theme), 'accent'),
    },
    {
      head: 'packets/s',
      align: 'right',
      width: RATE,
      cell: ({ pps }) => span(rateText(pps, theme), pps === null ? 'unknown' : null),
    },
    {
      head: 'read here %',
      align: 'right',
      width: PERCENT,
      cell: ({ local }) => span(percentText(local, theme), percentTone(local)),
    },
  ];
}
