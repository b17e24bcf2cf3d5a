/** Each queue with its IRQ: affinity, effective affinity, and the CPUs that handled it. */

import type { Cpus } from '../host/cpus.ts';
import type { Host, Irq, Nic, RxQueue, TxQueue } from '../host/types.ts';
import { receivingNics } from '../path/receiving-nics.ts';
import { UNKNOWN } from '../words/phrase.ts';
import { type Fold, fold, gather, shift } from './fold.ts';
import { queueSet, series, setSeries, short } from './format.ts';
import type { Layout } from './inspection.ts';
import { type Column, more, table } from './table.ts';
import type { Line } from './text.ts';

const SHORT = 16;
const LONG = 32;
/** A CPU with a smaller share of a queue's interrupts handled them in the past. */
const TRACE = 0.01;

const COLUMNS: readonly Column[] = [
  { head: 'nic', align: 'left' },
  { head: 'queue', align: 'left', give: 'cut' },
  { head: 'irq', align: 'right', give: 'cut' },
  { head: 'cpu', align: 'right', give: 'cut' },
  { head: 'affinity', align: 'right', give: 'cut' },
  { head: 'interrupts', align: 'right' },
  { head: 'taken on', align: 'right', give: 'cut' },
  { head: 'rps_cpus', align: 'right', give: 'cut' },
  { head: 'xps_cpus', align: 'right', give: 'cut' },
  { head: 'xps_rxqs', align: 'right', give: 'cut' },
];

interface Row {
  readonly nic: string;
  readonly kind: 'rx' | 'tx';
  readonly index: number;
  readonly irq: number | null;
  readonly cpus: Cpus;
  readonly affinity: Cpus | null;
  /** Interrupts since boot, and the CPUs that handled them; both empty if they are not counted. */
  readonly taken: number | null;
  readonly takenOn: Cpus;
  readonly rx: RxQueue | null;
  readonly tx: TxQueue | null;
}

export function queueLines(host: Host, layout: Layout): readonly Line[] {
  const rows = receivingNics(host).flatMap((nic) => queueRows(nic, host.machine.cpus.online));
  if (rows.length === 0) return [];
  const folds = foldRows(rows, layout.all);
  const shown = layout.all ? folds : folds.slice(0, LONG);
  return [...table(COLUMNS, shown.map(cells), layout), ...more(folds.length - shown.length, 'row')];
}

/** A TX queue that shares the interrupt of an RX queue is shown in that row; virtio's have IRQs of their own. */
function queueRows(nic: Nic, online: Cpus): readonly Row[] {
  const irqs = new Map(nic.irqs.map((irq) => [irq.irq, irq]));
  const row = (kind: 'rx' | 'tx', queue: RxQueue | TxQueue, rx: RxQueue | null, tx: TxQueue | null): Row => {
    const irq = queue.irq === null ? undefined : irqs.get(queue.irq);
    const { index, cpus } = queue;
    return {
      nic: nic.name,
      kind,
      index,
      irq: queue.irq,
      cpus,
      affinity: irq?.affinity ?? null,
      ...took(irq, online),
      rx,
      tx,
    };
  };
  const irqOfRx = new Map(nic.rxQueues.map(({ index, irq }) => [index, irq]));
  const shares = (tx: TxQueue) => irqOfRx.get(tx.index) === tx.irq;
  const shared = new Map(nic.txQueues.filter(shares).map((tx) => [tx.index, tx]));
  return [
    ...nic.rxQueues.map((rx) => row('rx', rx, rx, shared.get(rx.index) ?? null)),
    ...nic.txQueues.filter((tx) => !shares(tx)).map((tx) => row('tx', tx, null, tx)),
  ];
}

function took(irq: Irq | undefined, online: Cpus): Pick<Row, 'taken' | 'takenOn'> {
  if (irq === undefined || irq.counts.length === 0) return { taken: null, takenOn: [] };
  const taken = irq.counts.reduce((sum, each) => sum + each, 0);
  return { taken, takenOn: online.filter((_, at) => (irq.counts[at] ?? 0) > taken * TRACE) };
}

/** Series of similar rows; if there are still many, one row for all RX or TX queues of an interface. */
function foldRows(rows: readonly Row[], all: boolean): readonly Fold<Row>[] {
  if (all || rows.length <= SHORT) return rows.map((first) => ({ first, rows: [first] }));
  const stretches = fold(rows, step);
  return stretches.length <= LONG ? stretches : gather(rows, ({ nic, kind }) => `${nic} ${kind}`);
}

function step(before: Row, after: Row): string | null {
  if (before.nic !== after.nic || before.kind !== after.kind || before.index + 1 !== after.index) return null;
  const moves = [
    shift(before.cpus, after.cpus),
    shift(before.affinity, after.affinity),
    shift(before.rx?.rps ?? null, after.rx?.rps ?? null),
    shift(before.tx?.xpsCpus ?? null, after.tx?.xpsCpus ?? null),
    shift(before.tx?.xpsRxqs ?? null, after.tx?.xpsRxqs ?? null),
  ];
  const asPlaced = ({ cpus, takenOn }: Row) => shift(cpus, takenOn) === '0';
  return moves.includes(null) || asPlaced(before) !== asPlaced(after) ? null : moves.join(' ');
}

function cells({ first, rows }: Fold<Row>): readonly string[] {
  const column = <T>(get: (row: Row) => T) => rows.map(get);
  const queues = column(({ index }) => index);
  const counts = column(({ taken }) => taken).filter((taken) => taken !== null);
  const rps = column(({ rx }) => rx?.rps ?? null);
  const xpsCpus = column(({ tx }) => tx?.xpsCpus ?? null);
  const xpsRxqs = column(({ tx }) => tx?.xpsRxqs ?? null);
  return [
    first.nic,
    queueSet(first.kind, queues),
    series(column(({ irq }) => irq)),
    setSeries(column(({ cpus }) => cpus)),
    setSeries(column(({ affinity }) => affinity)),
    counts.length < rows.length ? UNKNOWN : short(counts.reduce((sum, taken) => sum + taken, 0)),
    setSeries(column(({ takenOn }) => takenOn)),
    first.rx === null ? '' : setSeries(rps, 'off'),
    first.tx === null ? '' : setSeries(xpsCpus, 'unset'),
    xpsRxqs.some((each) => each?.length) ? setSeries(xpsRxqs, 'unset') : '',
  ];
}
