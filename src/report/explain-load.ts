/** Loads of queues, CPUs and workers as bars, before and after a change. */

import { compareNatural } from '../host/order.ts';
import type { Comparison, Load } from '../what-if/load.ts';
import { count, percent, UNKNOWN } from '../words/phrase.ts';
import { shareTone } from './format.ts';
import type { Layout } from './inspection.ts';
import { heading } from './style.ts';
import { type Cell, type Column, more, table } from './table.ts';
import { type Line, paragraph, span } from './text.ts';

/** Most comparisons shown; a machine may have many interfaces and groups. */
const PAIRS = 4;

export function comparisonLines(
  { with: changes, before, after, notes }: Comparison,
  layout: Layout,
): readonly Line[] {
  const asked = changes.map((change) => `"${change}"`).join(', ');
  const shown = layout.all ? before : before.slice(0, PAIRS);
  return [
    ...(changes.length > 0 ? [heading(`What if  ${asked}`, layout)] : []),
    ...(before.length === 0
      ? paragraph(
          '',
          'no reuseport group receives through an interface with queues, so there is nothing to compare',
          layout,
        )
      : []),
    ...shown.flatMap((now) => {
      // A change may add queues, but neither an interface nor a group.
      const then = after?.find(({ nic, group }) => nic === now.nic && group === now.group);
      return loadLines(now, then ?? null, layout);
    }),
    ...more(before.length - shown.length, 'pair of interface and group'),
    ...notes.flatMap((note) => paragraph('note: ', note, layout)),
  ];
}

function loadLines(now: Load, then: Load | null, layout: Layout): readonly Line[] {
  const { from, counted, nic, group, queues } = now;
  const entries = `${counted} table ${counted === 1 ? 'entry' : 'entries'}`;
  // Without a queue to choose, the sender's CPU receives.
  const title =
    from === 'flows'
      ? count(counted, 'flow')
      : `${nic} to ${group}, ${queues.length === 0 ? 'from any CPU' : entries}`;
  const loads = then === null ? [now] : [now, then];
  const local = loads.flatMap(({ local }, index) => [
    span(index === 0 ? 'local  ' : '  ->  '),
    span(percent(local), shareTone(local)),
  ]);
  const notes = [...new Set(loads.flatMap((each) => each.notes))];
  return [
    [],
    heading(title, layout),
    local,
    ...notes.flatMap((note) => paragraph('note: ', note, layout)),
    ...bars('queue', queuesOf, now, then, layout),
    ...bars('CPU', cpusOf, now, then, layout),
    ...bars('worker', workersOf, now, then, layout),
  ];
}

const NOT_KNOWN = 'not known';

type Shares = ReadonlyMap<string, number>;

function queuesOf({ queues, unknown }: Load): Shares {
  const oneNic = new Set(queues.map(({ nic }) => nic)).size <= 1;
  return shares(
    queues.map(({ nic, queue, share }) => [`${oneNic ? '' : `${nic} `}rx-${queue}`, share]),
    unknown.queues,
  );
}

function cpusOf({ cpus, unknown }: Load): Shares {
  return shares(
    cpus.map(({ cpu, share }) => [String(cpu), share]),
    unknown.cpus,
  );
}

function workersOf({ workers, unknown }: Load): Shares {
  const oneGroup = new Set(workers.map(({ group }) => group)).size <= 1;
  return shares(
    workers.map(({ group, slot, pid, cpu, share }) => {
      const who = slot === null ? `pid ${pid ?? UNKNOWN}` : `slot ${slot}`;
      return [`${oneGroup ? '' : `${group} `}${who}${cpu === null ? '' : ` CPU ${cpu}`}`, share];
    }),
    unknown.workers,
  );
}

const shares = (known: readonly (readonly [string, number])[], unknown: number): Shares =>
  new Map(unknown > 0 ? [...known, [NOT_KNOWN, unknown]] : known);

/** More rows than a person can compare at a glance. */
const MOST = 16;

/** From this many on, neighbours with equal shares become one row. */
const ALIKE = 3;

function bars(
  head: string,
  of: (load: Load) => Shares,
  now: Load,
  then: Load | null,
  layout: Layout,
): readonly Line[] {
  const rows = rowsOf(of(now), then && of(then), head === 'CPU' ? 0 : null);
  if (rows.length === 0) return [];
  const folded = layout.all ? rows : foldRows(rows);
  const shown = layout.all ? folded : folded.slice(0, MOST);
  const most = rows.reduce((high, { before, after }) => Math.max(high, before ?? 0, after ?? 0), 1e-9);
  const label = Math.min(40, Math.max(...shown.map(({ name }) => name.length), head.length));
  const states = then === null ? 1 : 2;
  const room = Math.max(8, Math.floor((layout.columns - label) / states) - BESIDE);
  const cells = (share: number | null | undefined): readonly Cell[] => {
    if (share === undefined) return ['', ''];
    if (share === null) return [UNKNOWN, ''];
    return [percent(share), '█'.repeat(share === 0 ? 0 : Math.max(1, Math.round((room * share) / most)))];
  };
  const columns: Column[] = [
    { head, align: 'left', give: 'cut' },
    { head: 'now', align: 'right' },
    { head: '', align: 'left' },
    { head: 'with', align: 'right' },
    { head: '', align: 'left' },
  ];
  const body = shown.map(({ name, before, after }) => [name, ...cells(before), ...cells(after)]);
  const left = folded.slice(shown.length).reduce((sum, { count }) => sum + count, 0);
  return [...table(columns, body, layout), ...more(left, head)];
}

/** Width of the share columns and gaps. */
const BESIDE = 11;

interface Row {
  readonly name: string;
  readonly before: number | null;
  /** undefined: nothing is changed. */
  readonly after: number | null | undefined;
  /** The number of rows that it represents. */
  readonly count: number;
}

/** @param missing value for a name that one side lacks: 0 for CPUs, which exist anyway; null for queues and workers */
function rowsOf(before: Shares, after: Shares | null, missing: 0 | null): readonly Row[] {
  const names = new Set([...before.keys(), ...(after?.keys() ?? [])]);
  return [...names].sort(naturalUnknownLast).map((name) => ({
    name,
    before: before.get(name) ?? missing,
    after: after === null ? undefined : (after.get(name) ?? missing),
    count: 1,
  }));
}

function foldRows(rows: readonly Row[]): readonly Row[] {
  const stretches: Row[][] = [];
  for (const row of rows) {
    const stretch = stretches.at(-1);
    if (stretch?.[0]?.before === row.before && stretch[0].after === row.after) stretch.push(row);
    else stretches.push([row]);
  }
  return stretches.flatMap((of) => {
    const [first, last] = [of[0], of.at(-1)];
    if (of.length < ALIKE || first === undefined || last === undefined) return of;
    return [{ ...first, name: `${first.name} … ${last.name}, each`, count: of.length }];
  });
}

const naturalUnknownLast = (one: string, other: string) =>
  Number(one === NOT_KNOWN) - Number(other === NOT_KNOWN) || compareNatural(one, other);
