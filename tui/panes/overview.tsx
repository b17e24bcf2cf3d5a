/** The two percentages, where they come from over time, and the sentence that says what they mean. */
import { type ReactNode, useMemo } from 'react';
import type { Accept, Sample, Scene } from '../../src/live/types.ts';
import { clean, truncate } from '../../src/report/text.ts';
import { verdict } from '../../src/report/verdict.ts';
import { BIG_HEIGHT, BIG_WIDTH, bigPercent } from '../components/big-number.ts';
import { axis, graph } from '../components/graph.ts';
import { type Line, span, widthOf } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import { findingLine } from '../components/severity.ts';
import { PERCENT, PPS, percentText, percentTone, ppsText, rateText } from '../components/values.ts';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export const overview: Pane = {
  id: 'overview',
  title: 'Overview',
  render: (props) => <Overview {...props} />,
  rows: () => 0,
};

function Overview(props: PaneProps): ReactNode {
  const { history, width, height, theme } = props;
  const scene = history.at(-1)?.scene;
  const said = useMemo(() => (scene ? verdictLines(scene, width, theme) : []), [scene, width, theme]);
  return <Rows lines={overviewLines(props, said)} width={width} height={height} theme={theme} />;
}

/** Meters, the axis below them, a blank line. */
const FRAME = 5;
/** What large figures need more. */
const LARGER = 2 * (BIG_HEIGHT - 1);
const GRAPH_MOST = 8;
/** Findings that come before higher graphs. */
const FINDINGS = 4;

/** As `inspect` says it. */
function verdictLines(scene: Scene, width: number, theme: Theme): readonly Line[] {
  const layout = { color: true, rules: false, unicode: theme.unicode, columns: width - 2, all: false };
  return verdict({ ...scene, remedy: null }, layout).map((line) => [span(' '), ...line]);
}

/** What is most important first: whatever the height, the two percentages are there. */
function overviewLines(
  { history, width, height, marks, theme }: PaneProps,
  said: readonly Line[],
): readonly Line[] {
  const meters = metersOf(history, theme);
  const found = history.at(-1)?.scene.findings.slice(0, height) ?? [];
  const spare = height - FRAME - LARGER - said.length;
  const big = spare >= 0 && theme.unicode;
  const rows = BIG_HEIGHT + Math.floor(Math.max(0, spare - Math.min(FINDINGS, found.length)) / 2);
  const lead = big ? 5 + BIG_WIDTH + 4 : LABEL + PERCENT + 6;
  const room = Math.max(0, width - lead - PPS - 3);
  const lines = meters.flatMap((meter) =>
    big && meter.large
      ? largeMeter(meter, room, Math.min(GRAPH_MOST, rows), theme)
      : [smallMeter(meter, lead, room, theme)],
  );
  return [
    ...lines,
    [span(' '.repeat(lead)), ...axis(history, marks, room, theme)],
    ...(height > lines.length + 3 ? [[]] : []),
    ...said,
    ...found.map((finding) => [span(' '), ...findingLine(finding, theme)]),
  ];
}

interface Meter {
  readonly name: string;
  readonly percent: number | null;
  readonly rate: string;
  readonly values: readonly (number | null)[];
  /** Stands where the graph would be empty. */
  readonly why: string;
  readonly large: boolean;
}

const LABEL = 12;

function metersOf(history: readonly Sample[], theme: Theme): readonly Meter[] {
  const now = history.at(-1);
  if (now === undefined) return [];
  const why = clean(
    now.probe.state === 'starting' ? 'waiting for the probe' : (now.probe.notes[0] ?? 'not counted'),
    theme.unicode,
  );
  const flow = (name: 'rx' | 'tx'): Meter => ({
    name: name.toUpperCase(),
    percent: now[name].percent,
    rate: ppsText(now[name].pps, theme),
    values: history.map((sample) => sample[name].percent),
    why,
    large: true,
  });
  const perSecond = now.accept === null ? null : now.accept.accepts / now.accept.seconds;
  const accept: Meter = {
    name: acceptName(now.accept),
    percent: now.accept?.percent ?? null,
    rate: `${rateText(perSecond, theme)}/s  `,
    values: history.map((sample) => sample.accept?.percent ?? null),
    why: now.accept === null ? why : 'nothing was accepted',
    large: false,
  };
  return [flow('rx'), flow('tx'), accept];
}

/** With the port where all are on one. */
function acceptName(accept: Accept | null): string {
  const ports = new Set(accept?.listeners.map(({ port }) => port));
  const [port] = ports;
  return ports.size === 1 ? `accept :${port}` : 'accept';
}

function smallMeter(meter: Meter, lead: number, room: number, theme: Theme): Line {
  const figure = `${percentText(meter.percent, theme).padStart(PERCENT)} %`;
  const name = ` ${meter.name}`.padEnd(lead - figure.length - 3);
  return [
    span(name, 'strong'),
    span(' '),
    span(figure, percentTone(meter.percent)),
    span('  '),
    ...(graphOf(meter, room, 1, theme)[0] ?? []),
    span(`  ${meter.rate.padStart(PPS)}`),
  ];
}

/** As high as its graph. */
function largeMeter(meter: Meter, room: number, rows: number, theme: Theme): readonly Line[] {
  const figure = bigPercent(meter.percent, theme);
  return graphOf(meter, room, rows, theme).map((line, at) => [
    span(at === 0 ? ` ${meter.name}  `.padEnd(5) : '     ', 'strong'),
    ...(figure[at] ?? [span(' '.repeat(BIG_WIDTH))]),
    span(at === BIG_HEIGHT - 1 ? ' %' : '  ', percentTone(meter.percent)),
    span('  '),
    ...line,
    ...(at === 0 ? [span(`  ${meter.rate.padStart(PPS)}`)] : []),
  ]);
}

function graphOf({ values, why }: Meter, room: number, rows: number, theme: Theme): readonly Line[] {
  const shown = values.slice(-Math.max(1, room));
  if (shown.some((value) => value !== null)) return graph(values, room, rows, theme);
  const first: Line = [span(truncate(why, room, theme.unicode).padEnd(room), 'dim')];
  return Array.from({ length: rows }, (_, at) => (at === 0 ? first : [span(' '.repeat(widthOf(first)))]));
}
