/** The two percentages, their history, and a sentence that says what they mean. */
import { type ReactNode, useMemo } from 'react';
import type { Accept, Configuration, Sample } from '../../src/live/types.ts';
import { shareTone } from '../../src/report/format.ts';
import { chosenBy, type Layout } from '../../src/report/inspection.ts';
import { clean, paragraph, truncate } from '../../src/report/text.ts';
import { verdict } from '../../src/report/verdict.ts';
import { count, percent } from '../../src/words/phrase.ts';
import { BIG_HEIGHT, BIG_WIDTH, bigPercent } from '../components/big-number.ts';
import { type FigureName, isEnough, percentIn, tooFewText, whyMissing } from '../components/figures.ts';
import { axis, graph } from '../components/graph.ts';
import { lately } from '../components/lately.ts';
import { type Line, span, widthOf } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import { findingLine } from '../components/severity.ts';
import { sentence } from '../components/text.ts';
import { PERCENT, PPS, percentText, percentTone, ppsText, rateText } from '../components/values.ts';
import type { PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export function Locality(props: PaneProps): ReactNode {
  const { history, width, height, theme } = props;
  const configuration = history.at(-1)?.configuration;
  const expected = useMemo(
    () => (configuration ? verdictLines(configuration, width, theme) : []),
    [configuration, width, theme],
  );
  const said = [...measuredLines(history, width, theme), ...expected];
  return <Rows lines={localityLines(props, said)} width={width} height={height} theme={theme} />;
}

/** Meters, the axis below them, a blank line. */
const FRAME = 5;
/** Width of the verdict's figure. */
const VERDICT = 7;
/** Extra lines for large figures. */
const LARGER = 2 * (BIG_HEIGHT - 1);
const GRAPH_MOST = 8;
/** Errors and warnings that have priority over large figures. */
const URGENT = 2;
/** Findings that have priority over higher graphs. */
const FINDINGS = 4;

const layoutOf = (width: number, { unicode }: Theme): Layout => ({
  color: true,
  rules: false,
  unicode,
  columns: width - 2,
  all: false,
});

/** The text of `inspect`. */
function verdictLines(configuration: Configuration, width: number, theme: Theme): readonly Line[] {
  return verdict({ ...configuration, remedy: null }, layoutOf(width, theme)).map((line) => [
    span(' '),
    ...line,
  ]);
}

/** Samples for one sentence: with few accepts the figure of one second jumps. */
const LATELY = 10;

/** The measurement comes before the expectation, and may be all there is, as on loopback. */
function measuredLines(history: readonly Sample[], width: number, theme: Theme): readonly Line[] {
  const now = history.at(-1);
  if (now?.accept == null) return [];
  const counted = lately(history, LATELY).flatMap(({ accept }) => accept ?? []);
  const accepts = counted.reduce((sum, each) => sum + each.accepts, 0);
  const matched = counted.reduce((sum, each) => sum + each.matched, 0);
  const seconds = counted.reduce((sum, each) => sum + each.seconds, 0);
  const to = acceptName(now.accept).slice('accept'.length);
  const lasting = `last ${Math.round(seconds)} s`;
  const said =
    counted.length === 0
      ? 'No accept has been counted since the last change.'
      : !isEnough(accepts)
        ? `${capitalised(tooFewText('accept', accepts, seconds))}.`
        : `of connections${to && ` to${to}`} were accepted on the CPU that received them (${lasting})${wayOf(now)}.`;
  const share = isEnough(accepts) ? matched / accepts : null;
  const lead = `${percent(share).padStart(VERDICT)}  `;
  const [first = [], ...rest] = paragraph(lead, said, layoutOf(width, theme));
  return [
    [span(' '), span(lead, shareTone(share)), ...first.slice(1)],
    ...rest.map((line) => [span(' '), ...line]),
  ];
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** How their worker is chosen, if all belong to one group. */
function wayOf({ accept, configuration }: Sample): string {
  const ports = new Set(accept?.listeners.map(({ port }) => port));
  const [group, ...others] = configuration.host.groups.filter(
    ({ port, protocol }) => protocol === 'tcp' && ports.has(port),
  );
  if (group === undefined || others.length > 0 || ports.size !== 1) return '';
  return `, ${chosenBy(group)} over ${count(group.size, 'socket')}`;
}

/** The most important first: the two percentages are shown at any height. */
function localityLines(
  { history, width, height, marks, theme }: PaneProps,
  said: readonly Line[],
): readonly Line[] {
  const meters = metersOf(history, theme);
  const found = history.at(-1)?.configuration.findings.slice(0, height) ?? [];
  const graphAt = (large: boolean) => (large ? nameWidth(history) + BIG_WIDTH + 4 : LABEL + PERCENT + 6);
  const roomBeside = (lead: number) => Math.max(0, width - lead - PPS - 3);
  // An empty graph has room for a short reason; one that shows earlier figures has none.
  const isCut = ({ why, values }: Meter) =>
    why.length > roomBeside(graphAt(false)) || (why !== '' && values.some((one) => one !== null));
  const cut = Map.groupBy(
    meters.filter((meter) => meter.percent === null && isCut(meter)),
    ({ why }) => why,
  );
  const whys = [...cut].flatMap(([why, of]) =>
    sentence(`${of.map(({ name }) => name).join(', ')}: ${why}`, width, theme, 'dim'),
  );
  const urgent = found.filter(({ severity }) => severity !== 'info').length;
  const spare = height - FRAME - LARGER - said.length - whys.length - Math.min(URGENT, urgent);
  // Without a probe there is no figure, now or later.
  const isMeasured =
    history.at(-1)?.probe.state !== 'missing' || history.some(({ rx }) => rx.percent !== null);
  const big = spare >= 0 && theme.unicode && isMeasured;
  const rows = BIG_HEIGHT + Math.floor(Math.max(0, spare - Math.min(FINDINGS, found.length)) / 2);
  const lead = graphAt(big);
  const room = roomBeside(lead);
  // What is said below is not said here too.
  const drawn = meters.map((meter) => (isCut(meter) ? { ...meter, why: '' } : meter));
  const lines = drawn.flatMap((meter) =>
    big && meter.large
      ? largeMeter(meter, nameWidth(history), room, Math.min(GRAPH_MOST, rows), theme)
      : [smallMeter(meter, lead, room, theme)],
  );
  return [
    ...lines,
    [span(' '.repeat(lead)), ...axis(history, marks, room, theme)],
    ...whys,
    ...(height > lines.length + 3 ? [[]] : []),
    ...said,
    ...found.map((finding) => [span(' '), ...findingLine(finding, theme)]),
  ];
}

interface Meter {
  readonly name: string;
  /** The port that it is of, `:8080`; '' for the whole machine. */
  readonly port: string;
  readonly percent: number | null;
  readonly rate: string;
  readonly values: readonly (number | null)[];
  /** Why there is no figure now. */
  readonly why: string;
  readonly large: boolean;
}

const LABEL = 12;

/** Width of the name beside a large figure, with the port below it. */
const nameWidth = (history: readonly Sample[]): number => (history.at(-1)?.port == null ? 5 : 8);

function metersOf(history: readonly Sample[], theme: Theme): readonly Meter[] {
  const now = history.at(-1);
  if (now === undefined) return [];
  const meter = (name: FigureName, rate: string): Meter => ({
    name: name === 'accept' ? acceptName(now.accept) : name.toUpperCase(),
    port: now.port === null ? '' : `:${now.port}`,
    percent: percentIn(now, name),
    rate,
    values: history.map((sample) => percentIn(sample, name)),
    why: clean(whyMissing(now, name) ?? '', theme.unicode),
    large: name !== 'accept',
  });
  const perSecond = (events: number | null, seconds: number) =>
    `${rateText(events === null || seconds === 0 ? null : events / seconds, theme)}/s  `;
  // The interfaces' counters know no ports.
  const rateOf = (name: 'rx' | 'tx') =>
    now.port === null ? ppsText(now[name].pps, theme) : perSecond(now[name].packets, now.seconds);
  return [
    meter('rx', rateOf('rx')),
    meter('tx', rateOf('tx')),
    meter('accept', perSecond(now.accept?.accepts ?? null, now.accept?.seconds ?? 0)),
  ];
}

/** With the port, if all are on one. */
function acceptName(accept: Accept | null): string {
  const ports = new Set(accept?.listeners.map(({ port }) => port));
  const [port] = ports;
  return ports.size === 1 ? `accept :${port}` : 'accept';
}

function smallMeter(meter: Meter, lead: number, room: number, theme: Theme): Line {
  const figure = `${percentText(meter.percent, theme).padStart(PERCENT)}${meter.percent === null ? '  ' : ' %'}`;
  const name = ` ${meter.large ? `${meter.name} ${meter.port}` : meter.name}`.padEnd(
    lead - figure.length - 3,
  );
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
function largeMeter(meter: Meter, names: number, room: number, rows: number, theme: Theme): readonly Line[] {
  const figure = bigPercent(meter.percent, theme);
  return graphOf(meter, room, rows, theme).map((line, at) => [
    span(` ${[meter.name, meter.port][at] ?? ''}`.padEnd(names), at === 0 ? 'strong' : 'dim'),
    ...(figure[at] ?? [span(' '.repeat(BIG_WIDTH))]),
    span(at === BIG_HEIGHT - 1 && meter.percent !== null ? ' %' : '  ', percentTone(meter.percent)),
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
