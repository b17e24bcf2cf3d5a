/** Accepts as they happen, and changes by anyone; the newest at the bottom. */
import type { ReactNode } from 'react';
import type { LiveEvent, Sample } from '../../src/live/types.ts';
import { parseEvent } from '../../src/measure/accept.ts';
import { clean } from '../../src/report/text.ts';
import { type Line, type Span, span } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import { clockText } from '../components/values.ts';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export const events: Pane = {
  id: 'events',
  title: 'Events',
  render: (props) => <Events {...props} />,
  rows: () => 0,
};

function Events(props: PaneProps): ReactNode {
  const { width, height, theme, filter } = props;
  const empty = filter === '' ? 'Nothing has happened yet.' : 'No event matches the filter.';
  const lines = eventLines(props);
  return (
    <Rows
      lines={lines.length > 0 ? lines : [[span(` ${empty}`, 'dim')]]}
      width={width}
      height={height}
      theme={theme}
    />
  );
}

/** The last changes and actions stay above the accepts, which would push them off the screen at once. */
function eventLines({ history, width, height, theme, scroll, filter }: PaneProps): readonly Line[] {
  const drawn = (events: readonly LiveEvent[]) => events.map((event) => eventLine(event, theme)).reverse();
  const blank = (count: number) => Array.from({ length: count }, (): Line => []);
  const all = found(history, filter, () => true, scroll.y + height);
  if (all.length === 0) return [];
  const most = Math.floor(height / 4);
  const latest = all.slice(0, height - most - 1);
  const isRare = (event: LiveEvent) => event.kind !== 'accept' && !latest.includes(event);
  const rare = scroll.y > 0 || all.length < height ? [] : found(history, filter, isRare, most);
  if (rare.length > 0) {
    const rule = span(` ${(theme.unicode ? '─' : '-').repeat(Math.max(0, width - 2))}`, 'dim');
    return [...drawn(rare), [rule], ...blank(most - rare.length), ...drawn(latest)];
  }
  const from = Math.max(0, Math.min(scroll.y, all.length - height));
  return [...blank(Math.max(0, height - all.length)), ...drawn(all.slice(from, from + height))];
}

/** At most `most`, newest first, so that a long history costs only as much as what is visible. */
function found(
  history: readonly Sample[],
  filter: string,
  wanted: (event: LiveEvent) => boolean,
  most: number,
): readonly LiveEvent[] {
  const events: LiveEvent[] = [];
  for (let at = history.length - 1; at >= 0 && events.length < most; at--) {
    for (const event of history[at]?.events.toReversed() ?? []) {
      if (wanted(event) && (filter === '' || event.text.toLowerCase().includes(filter))) events.push(event);
    }
  }
  return events.slice(0, most);
}

/** Lines of all events that pass the filter. */
export const countEvents = (history: readonly Sample[], filter: string): number =>
  found(history, filter, () => true, Number.POSITIVE_INFINITY).length;

const KINDS: Readonly<Record<LiveEvent['kind'], Span>> = {
  accept: span('accept ', 'dim'),
  change: span('change ', 'strong'),
  action: span('action ', 'accent'),
  trouble: span('trouble', 'remote'),
};

function eventLine({ time, kind, text }: LiveEvent, theme: Theme): Line {
  return [
    span(` ${clockText(time)}  `, 'dim'),
    markOf(kind, text, theme),
    span(' '),
    KINDS[kind],
    span(`  ${clean(text, theme.unicode)}`, kind === 'change' || kind === 'action' ? 'strong' : null),
  ];
}

/** Did an accept run on the CPU of its packets? */
function markOf(kind: LiveEvent['kind'], text: string, { mark }: Theme): Span {
  if (kind !== 'accept')
    return span(kind === 'trouble' ? mark.remote : mark.change, kind === 'trouble' ? 'remote' : 'accent');
  const event = parseEvent(text);
  const tone =
    event === null || event.rxcpu === null ? 'unknown' : event.cpu === event.rxcpu ? 'local' : 'remote';
  return span(mark[tone], tone);
}
