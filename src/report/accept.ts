/** `measure accept` as text: a headline for each interval, with its listeners below. */

import type { AcceptListener, Accepts } from '../measure/accept.ts';
import { percentOf } from '../measure/percent.ts';
import { UNKNOWN } from '../words/phrase.ts';
import { whose } from '../words/whose.ts';
import { perSecond, value } from './format.ts';
import { clock, percentSpan } from './interval.ts';
import { type Cell, type Column, table } from './table.ts';
import { type Line, type Style, span } from './text.ts';

/** Most listeners shown per interval; -j has them all. */
const MOST = 20;

/** With whose process it is, where that was read. */
type Listener = AcceptListener & Partial<Parameters<typeof whose>[0]>;

export interface AcceptReport extends Omit<Accepts, 'notes' | 'pairs' | 'listeners'> {
  readonly listeners: readonly Listener[];
  readonly time: Date;
  readonly seconds: number;
  readonly source: 'probe' | 'sample';
}

export function acceptLines(report: AcceptReport, style: Style): Line[] {
  const { time, seconds, source, accepts, matched, percent, listeners } = report;
  const what = source === 'sample' ? 'connections' : `accepts, ${perSecond(accepts, seconds)} a second`;
  return [
    [span(`${clock(time)}  accept `), percentSpan(percent), span(`  ${matched} of ${accepts} ${what}`)],
    ...(listeners.length === 0 ? [] : listenerTable(listeners, source, style)),
  ];
}

function listenerTable(listeners: readonly Listener[], source: AcceptReport['source'], style: Style): Line[] {
  const of = ({ unit = null, container = null }: Pick<Listener, 'unit' | 'container'>) =>
    whose({ unit, container });
  const named = listeners.some((listener) => of(listener) !== null);
  const columns: Column[] = [
    { head: '     pid', align: 'right' },
    { head: 'process', align: 'left' },
    ...(named ? [{ head: 'of', align: 'left' } as const] : []),
    { head: 'fd', align: 'right' },
    { head: 'port', align: 'right' },
    { head: source === 'sample' ? 'connections' : 'accepts', align: 'right' },
    { head: 'on its rxcpu', align: 'right' },
    { head: '', align: 'right' },
  ];
  const rows = listeners
    .slice(0, MOST)
    .map(({ pid, comm, fd, port, accepts, matched, ...owner }): Cell[] => [
      String(pid),
      comm ?? UNKNOWN,
      ...(named ? [of(owner) ?? ''] : []),
      value(fd),
      String(port),
      String(accepts),
      String(matched),
      percentSpan(percentOf(matched, accepts)),
    ]);
  const left = listeners.length - rows.length;
  return [...table(columns, rows, style), ...(left > 0 ? [[span(`${left} more: -j lists them`)]] : [])];
}
