/** Paths from queue to worker, one line each: where a packet ends, and why that is not where it began. */
import { type ReactNode, useMemo } from 'react';
import { rank } from '../../src/diagnose/ranked.ts';
import type { Configuration, QueueSample } from '../../src/live/types.ts';
import type { Path } from '../../src/path/types.ts';
import { isChance } from '../../src/report/paths.ts';
import { clean } from '../../src/report/text.ts';
import { count, percent } from '../../src/words/phrase.ts';
import { whose } from '../../src/words/whose.ts';
import { headLine, longest, type PaneColumn, place, rowLine } from '../components/columns.ts';
import { type Line, type Span, span } from '../components/line.ts';
import { listLines, MARGIN } from '../components/list.ts';
import { inOrder, type Order, orderText } from '../components/order.ts';
import { Rows } from '../components/rows.tsx';
import { cpusText, known, sentence } from '../components/text.ts';
import { expectedTone } from '../components/values.ts';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export const paths: Pane = {
  id: 'paths',
  title: 'Paths',
  render: (props) => <Paths {...props} />,
  rows: ({ history, filter, theme }) => {
    const configuration = history.at(-1)?.configuration;
    return configuration === undefined ? 0 : rowsOf(configuration, filter, theme).length;
  },
};

/** The texts of a path. */
interface Row {
  readonly path: Path;
  readonly slot: string;
  readonly worker: string;
  readonly workerCpus: string;
  /** Empty outside of any unit or container. */
  readonly whose: string;
}

function rowsOf({ host, paths }: Configuration, filter: string, theme: Theme): readonly Row[] {
  const byId = new Map(host.groups.map((group) => [group.id, group]));
  const owners = new Map(
    host.groups.flatMap(({ sockets }) =>
      sockets.flatMap((socket) => socket.owners.map((owner) => [owner.pid, owner] as const)),
    ),
  );
  const rows = paths.map((path): Row => {
    const { worker, slot } = path;
    const group = byId.get(path.group ?? '');
    const owner = owners.get(worker?.pid ?? -1);
    return {
      path,
      slot: group !== undefined && isChance(path, group) ? `any of ${group.size}` : known(slot, theme),
      worker:
        worker === null
          ? theme.mark.unknown
          : `${clean(owner?.comm ?? '', theme.unicode)} ${worker.pid}`.trim(),
      workerCpus: cpusText(worker?.cpus, theme),
      whose: owner === undefined ? '' : (whose(owner) ?? ''),
    };
  });
  return filter === '' ? rows : rows.filter((row) => textOf(row).includes(filter));
}

function textOf({ path: { nic, rxQueue, irq, cpu, group, why }, slot, worker, whose }: Row): string {
  return `${nic} rx-${rxQueue} irq ${irq} cpu ${cpu} ${group} slot ${slot} ${worker} ${whose} ${why}`.toLowerCase();
}

function Paths(props: PaneProps): ReactNode {
  const { history, width, height, theme, filter, options } = props;
  const configuration = history.at(-1)?.configuration;
  const listed = useMemo(
    () => (configuration ? rowsOf(configuration, filter, theme) : []),
    [configuration, filter, theme],
  );
  const rows = ordered(listed, options.order, history.at(-1)?.queues ?? []);
  const outlooks = useMemo(
    () => (configuration ? outlooksOf(configuration, theme) : new Map<string, Line>()),
    [configuration, theme],
  );
  const columns = useMemo(() => place(columnsOf(listed, theme), width - MARGIN), [listed, theme, width]);
  const lines = listLines(props, {
    title: [
      ...titleOf(rows, theme),
      span(orderText(options.order), 'dim'),
      ...(outlooks.get(groupOf(rows, props.cursor) ?? '') ?? []),
    ],
    head: headLine(columns, theme),
    count: rows.length,
    row: (at) => {
      const row = rows[at];
      return row === undefined ? [] : rowLine(columns, row, theme);
    },
    foot: (at) => footOf(rows[at], width, theme),
    empty: 'No path: there is no interface with queues of its own.',
  });
  return <Rows lines={lines} width={width} height={height} theme={theme} />;
}

function ordered(rows: readonly Row[], order: Order, samples: readonly QueueSample[]): readonly Row[] {
  if (order === 'listed') return rows;
  const rates = new Map(
    samples.flatMap(({ nic, direction, index, pps }) =>
      direction === 'rx' ? [[`${nic} ${index}`, pps] as const] : [],
    ),
  );
  return inOrder(rows, order, {
    share: ({ path }) => path.localShare,
    all: 1,
    rate: ({ path }) => rates.get(`${path.nic} ${path.rxQueue}`) ?? null,
  });
}

/** How many of them are local: `5 of 8 paths are local`. */
function titleOf(rows: readonly Row[], theme: Theme): Line {
  const tally = Map.groupBy(rows, ({ path }) => expectedTone(path.localShare));
  const parts = (['local', 'partly', 'remote', 'unknown'] as const).flatMap((tone): Span[] => {
    const found = tally.get(tone)?.length ?? 0;
    return found === 0 ? [] : [span(`  ${theme.mark[tone]} ${found} ${tone}`, tone)];
  });
  return [span(count(rows.length, 'path')), ...parts];
}

/** Group of the row under the cursor, or of the first row that has one. */
function groupOf(rows: readonly Row[], cursor: number): string | null {
  const chosen = rows[Math.min(cursor, rows.length - 1)] ?? rows.find(({ path }) => path.group !== null);
  return chosen?.path.group ?? null;
}

/** `tcp :8080 today 12.5 % → with cpu 100 %`, for each group that an interface with queues feeds. */
function outlooksOf(configuration: Configuration, theme: Theme): ReadonlyMap<string, Line> {
  const share = (value: number | null) => (value === null ? theme.mark.unknown : percent(value));
  const fed = rank(configuration).filter(({ byNic }) => byNic.length > 0);
  return new Map(
    fed.map(({ group, now, cpu }): [string, Line] => [
      group.id,
      [
        span(`   ${clean(group.id, theme.unicode)} today `, 'dim'),
        span(share(now), expectedTone(now)),
        ...(cpu !== null && cpu > (now ?? 0)
          ? [span(` ${theme.unicode ? '→' : '->'} with cpu `, 'dim'), span(share(cpu), expectedTone(cpu))]
          : []),
      ],
    ]),
  );
}

/** The whole reason of the row under the cursor, which the table may have had to cut. */
function footOf(row: Row | undefined, width: number, theme: Theme): readonly Line[] {
  if (row === undefined) return [];
  const { group, why, nic, rxQueue } = row.path;
  const whom = row.whose === '' ? '' : `; ${row.worker} belongs to ${row.whose}`;
  return sentence(`${nic} rx-${rxQueue}${group === null ? '' : `, ${group}`}: ${why}${whom}`, width, theme);
}

const NAME = 24;

/** Width of the longest text, at most `most`. */
function within(rows: readonly Row[], text: (row: Row) => string, most: number): number {
  return Math.min(most, longest(rows.map(text)));
}

function workerColumns(rows: readonly Row[]): readonly PaneColumn<Row>[] {
  const worker = (row: Row) => row.worker;
  const cpus = (row: Row) => row.workerCpus;
  return [
    {
      head: 'worker',
      align: 'left',
      width: within(rows, worker, NAME),
      leaves: 2,
      cell: (row) => span(row.worker),
    },
    {
      head: 'on cpu',
      align: 'right',
      width: within(rows, cpus, 10),
      cell: (row) => span(row.workerCpus, 'strong'),
    },
  ];
}

function columnsOf(rows: readonly Row[], theme: Theme): readonly PaneColumn<Row>[] {
  const arrow = theme.unicode ? '→' : '>';
  const column = (text: (row: Row) => string, most: number) => within(rows, text, most);
  const text = (get: (row: Row) => string) => (row: Row) => span(get(row));
  const nic = ({ path }: Row) => clean(path.nic, theme.unicode);
  const group = ({ path }: Row) =>
    path.group === null ? theme.mark.unknown : clean(path.group, theme.unicode);
  const txQueue = ({ path }: Row) => (path.txQueue === null ? theme.mark.unknown : `tx-${path.txQueue}`);
  const queue = ({ path }: Row) => `rx-${path.rxQueue}`;
  const irq = ({ path }: Row) => known(path.irq, theme);
  const cpu = ({ path }: Row) => known(path.cpu, theme);
  const local = ({ path: { localShare } }: Row) =>
    localShare === null ? theme.mark.unknown : percent(localShare);
  const tone = ({ path }: Row) => expectedTone(path.localShare);
  const one = (get: (row: Row) => string) => new Set(rows.map(get)).size <= 1;
  return [
    { head: '', align: 'left', width: 1, cell: (row) => span(theme.mark[tone(row)], tone(row)) },
    ...(one(nic) ? [] : [{ head: 'nic', align: 'left' as const, width: column(nic, 15), cell: text(nic) }]),
    { head: 'queue', align: 'left', width: column(queue, 8), cell: (row) => span(queue(row), 'strong') },
    { head: 'irq', align: 'right', width: column(irq, 6), leaves: 3, cell: text(irq) },
    { head: 'cpu', align: 'right', width: column(cpu, 4), cell: (row) => span(cpu(row), 'strong') },
    { head: '', align: 'left', width: 1, leaves: 4, cell: () => span(arrow, 'dim') },
    ...(one(group)
      ? []
      : [
          { head: 'group', align: 'left' as const, width: column(group, NAME), leaves: 1, cell: text(group) },
        ]),
    { head: 'slot', align: 'right', width: column(({ slot }) => slot, 11), cell: text(({ slot }) => slot) },
    ...(rows.every(({ path }) => path.worker === null) ? [] : workerColumns(rows)),
    { head: 'tx', align: 'left', width: column(txQueue, 7), leaves: 5, cell: text(txQueue) },
    { head: 'local', align: 'right', width: 7, cell: (row) => span(local(row), tone(row)) },
    {
      head: 'why',
      align: 'left',
      width: 12,
      leaves: 6,
      grows: true,
      cell: ({ path }) => span(clean(path.why, theme.unicode), 'dim'),
    },
  ];
}
