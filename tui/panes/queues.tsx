/** Every queue with its IRQ and CPU, its current rate, and whether its packets stay on that CPU. */
import { type ReactNode, useMemo } from 'react';
import type { Cpus } from '../../src/host/cpus.ts';
import { substitute } from '../../src/host/no-interrupts.ts';
import type { Nic, RxQueue, TxQueue } from '../../src/host/types.ts';
import type { Configuration, QueueSample, Sample } from '../../src/live/types.ts';
import { percentOf } from '../../src/measure/percent.ts';
import { receivingNics } from '../../src/path/receiving-nics.ts';
import { queueShares } from '../../src/path/shares.ts';
import { clean } from '../../src/report/text.ts';
import { count, ranges } from '../../src/words/phrase.ts';
import { bar } from '../components/bar.ts';
import { headLine, longest, type PaneColumn, place, rowLine } from '../components/columns.ts';
import { type Line, type Span, span, type Tone } from '../components/line.ts';
import { listLines, MARGIN } from '../components/list.ts';
import { inOrder, type Order, orderText } from '../components/order.ts';
import { Rows } from '../components/rows.tsx';
import { findingLine } from '../components/severity.ts';
import { cpusText, known } from '../components/text.ts';
import { expectedTone, percentText, RATE, rateText } from '../components/values.ts';
import { xdpLines } from '../components/xdp-lines.ts';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export const queues: Pane = {
  id: 'queues',
  title: 'Queues',
  render: (props) => <Queues {...props} />,
  rows: ({ history, filter, theme }) => {
    const configuration = history.at(-1)?.configuration;
    return configuration === undefined ? 0 : filtered(rowsOf(configuration, theme), filter).length;
  },
};

const FINDINGS = 3;
/** Lines for the queues themselves, before any for XDP programs. */
const LEAST = 5;

/** An RX queue with the TX queue that shares its interrupt, or a queue alone. */
interface Row {
  readonly nic: string;
  readonly name: string;
  readonly irq: number | null;
  readonly cpus: Cpus;
  readonly rx: RxQueue | null;
  readonly tx: TxQueue | null;
  /** Share of the RSS table, 0 to 1. */
  readonly table: number | null;
  /** Lowest probability over all groups that its packets stay on their CPU. */
  readonly local: number | null;
  /** Its texts, made once per reading of the machine. */
  readonly words: { readonly irq: string; readonly cpus: string; readonly rps: string; readonly xps: string };
}

function Queues(props: PaneProps): ReactNode {
  const { history, width, height, theme, filter, options } = props;
  const now = history.at(-1);
  const configuration = now?.configuration;
  const rows = useMemo(
    () => (configuration ? filtered(rowsOf(configuration, theme), filter) : []),
    [configuration, theme, filter],
  );
  const shown = now === undefined ? rows : ordered(rows, options.order, now.queues);
  const programs = now === undefined ? [] : xdpLines(now, width, theme).slice(0, Math.max(0, height - LEAST));
  const list = { ...props, height: height - programs.length };
  const lines = now === undefined ? [] : [...programs, ...queueLines(list, now, shown)];
  return <Rows lines={lines} width={width} height={height} theme={theme} />;
}

function ordered(rows: readonly Row[], order: Order, samples: readonly QueueSample[]): readonly Row[] {
  if (order === 'listed') return rows;
  const rates = new Map(
    samples.map(({ nic, direction, index, pps }) => [`${nic} ${direction} ${index}`, pps]),
  );
  const rate = ({ nic, rx, tx }: Row) => {
    const [received, sent] = [rates.get(`${nic} rx ${rx?.index}`), rates.get(`${nic} tx ${tx?.index}`)];
    return received == null && sent == null ? null : (received ?? 0) + (sent ?? 0);
  };
  // A queue that only sends has no expected locality.
  return inOrder(rows, order, { share: ({ rx, local }) => (rx === null ? 1 : local), all: 1, rate });
}

function queueLines(props: PaneProps, now: Sample, rows: readonly Row[]): readonly Line[] {
  const { theme, width } = props;
  const columns = place(columnsOf(rows, now.queues, theme), width - MARGIN);
  const nics = new Set(rows.map(({ nic }) => nic)).size;
  return listLines(props, {
    title: [
      span(`${count(rows.length, 'queue')} of ${count(nics, 'interface')}`),
      span(orderText(props.options.order), 'dim'),
    ],
    head: headLine(columns, theme),
    count: rows.length,
    row: (at) => {
      const row = rows[at];
      return row === undefined ? [] : rowLine(columns, row, theme);
    },
    foot: (at) => findingsOf(rows[at]?.nic, now.configuration, theme),
    empty: 'No interface with queues of its own.',
  });
}

/** What is wrong with the interface under the cursor. */
function findingsOf(nic: string | undefined, { findings }: Configuration, theme: Theme): readonly Line[] {
  const about = findings.filter(({ subject }) => subject.split(/[ ,]+/).some((word) => word === nic));
  return about.slice(0, FINDINGS).map((finding) => [span(' '), ...findingLine(finding, theme)]);
}

function filtered(rows: readonly Row[], filter: string): readonly Row[] {
  if (filter === '') return rows;
  return rows.filter(({ nic, name, irq, cpus }) =>
    `${nic} ${name} irq ${irq} cpu ${ranges(cpus)}`.toLowerCase().includes(filter),
  );
}

function rowsOf(configuration: Configuration, theme: Theme): readonly Row[] {
  const locals = new Map<string, number | null>();
  for (const { nic, rxQueue, localShare } of configuration.paths) {
    const key = `${nic} ${rxQueue}`;
    const before = locals.get(key);
    const least = before === null || localShare === null ? null : Math.min(before ?? 1, localShare);
    locals.set(key, least);
  }
  return receivingNics(configuration.host).flatMap((nic) => rowsOfNic(nic, locals, theme));
}

function rowsOfNic(nic: Nic, locals: ReadonlyMap<string, number | null>, theme: Theme): readonly Row[] {
  const { ofQueue, size } = queueShares(nic);
  const irqOfRx = new Map(nic.rxQueues.map(({ index, irq }) => [index, irq]));
  const shares = ({ index, irq }: TxQueue) => irqOfRx.get(index) === irq;
  const shared = new Map(nic.txQueues.filter(shares).map((tx) => [tx.index, tx]));
  const row = (
    name: string,
    { irq, cpus }: RxQueue | TxQueue,
    rx: RxQueue | null,
    tx: TxQueue | null,
  ): Row => ({
    nic: nic.name,
    name,
    irq,
    cpus,
    rx,
    tx,
    table: rx === null || size === 0 || substitute(nic) !== null ? null : (ofQueue.get(rx.index) ?? 0) / size,
    local: rx === null ? null : (locals.get(`${nic.name} ${rx.index}`) ?? null),
    words: {
      irq: known(irq, theme),
      cpus: cpusText(cpus, theme),
      rps: rpsText(rx, theme),
      xps: xpsText(tx, theme),
    },
  });
  return [
    ...nic.rxQueues.map((rx) => row(`rx-${rx.index}`, rx, rx, shared.get(rx.index) ?? null)),
    ...nic.txQueues.filter((tx) => !shares(tx)).map((tx) => row(`tx-${tx.index}`, tx, null, tx)),
  ];
}

const BAR = 8;

function columnsOf(
  rows: readonly Row[],
  samples: readonly QueueSample[],
  theme: Theme,
): readonly PaneColumn<Row>[] {
  const byQueue = new Map(samples.map((each) => [`${each.nic} ${each.direction} ${each.index}`, each]));
  const sampleOf = (direction: 'rx' | 'tx', { nic, rx, tx }: Row) => {
    const queue = direction === 'rx' ? rx : tx;
    return queue === null ? undefined : byQueue.get(`${nic} ${direction} ${queue.index}`);
  };
  const most = samples.reduce(
    (peak, { direction, pps }) => (direction === 'rx' ? Math.max(peak, pps ?? 0) : peak),
    0,
  );
  const rate = (value: number | null | undefined) =>
    value === undefined ? span('') : span(rateText(value, theme), value === null ? 'unknown' : null);
  return [
    { head: '', align: 'left', width: 1, cell: ({ local, rx }) => localMark(local, rx !== null, theme) },
    {
      head: 'nic',
      align: 'left',
      width: Math.min(15, longest(rows.map(({ nic }) => nic))),
      cell: ({ nic }) => span(clean(nic, theme.unicode)),
    },
    {
      head: 'queue',
      align: 'left',
      width: longest(rows.map(({ name }) => name)),
      cell: ({ name }) => span(name, 'strong'),
    },
    {
      head: 'irq',
      align: 'right',
      width: longest(rows.map(({ words }) => words.irq)),
      cell: ({ words }) => span(words.irq),
    },
    {
      head: 'cpu',
      align: 'right',
      width: Math.min(8, longest(rows.map(({ words }) => words.cpus))),
      cell: ({ words }) => span(words.cpus, 'strong'),
    },
    {
      head: 'irq/s',
      align: 'right',
      width: RATE,
      leaves: 3,
      cell: (row) => rate((sampleOf('rx', row) ?? sampleOf('tx', row))?.interrupts),
    },
    { head: 'rx/s', align: 'right', width: RATE, cell: (row) => rate(sampleOf('rx', row)?.pps) },
    {
      head: '',
      align: 'left',
      width: BAR,
      leaves: 4,
      cell: (row) => span(bar(most === 0 ? 0 : (sampleOf('rx', row)?.pps ?? 0) / most, BAR, theme), 'accent'),
    },
    { head: 'tx/s', align: 'right', width: RATE, cell: (row) => rate(sampleOf('tx', row)?.pps) },
    {
      head: 'table %',
      align: 'right',
      width: 5,
      leaves: 2,
      cell: ({ table, rx }) =>
        span(rx === null ? '' : percentText(table === null ? null : percentOf(table, 1), theme)),
    },
    {
      head: 'rps',
      align: 'right',
      width: Math.min(8, longest(rows.map(({ words }) => words.rps))),
      leaves: 5,
      cell: ({ rx, words }) => span(words.rps, (rx?.rps?.length ?? 0) > 0 ? 'partly' : null),
    },
    {
      head: 'xps',
      align: 'right',
      width: Math.min(12, longest(rows.map(({ words }) => words.xps))),
      leaves: 1,
      cell: ({ tx, cpus, words }) => span(words.xps, xpsTone(tx, cpus)),
    },
  ];
}

function localMark(share: number | null, received: boolean, { mark }: Theme): Span {
  if (!received) return span('');
  const tone = expectedTone(share);
  return span(mark[tone], tone);
}

function rpsText(rx: RxQueue | null, theme: Theme): string {
  return rx === null ? '' : rx.rps?.length === 0 ? 'off' : cpusText(rx.rps, theme);
}

function xpsText(tx: TxQueue | null, theme: Theme): string {
  if (tx === null) return '';
  if (tx.xpsRxqs !== null && tx.xpsRxqs.length > 0) return `rxq ${ranges(tx.xpsRxqs)}`;
  return tx.xpsCpus?.length === 0 ? 'unset' : cpusText(tx.xpsCpus, theme);
}

/** Do senders share the CPU that frees what they sent? */
function xpsTone(tx: TxQueue | null, cpus: Cpus): Tone | null {
  if (tx === null || tx.xpsCpus === null || tx.xpsCpus.length === 0 || cpus.length === 0) return null;
  const here = tx.xpsCpus.filter((cpu) => cpus.includes(cpu)).length;
  return here === 0 ? 'remote' : here < tx.xpsCpus.length ? 'partly' : 'local';
}
