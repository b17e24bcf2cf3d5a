/** Queue, IRQ, CPU, slot, worker, TX queue: one row each, and how local that is. */

import type { Group } from '../host/types.ts';
import type { Path } from '../path/types.ts';
import { percent, ranges } from '../words/phrase.ts';
import { delta, type Fold, fold, gather, shift } from './fold.ts';
import { isSeries, queueSet, series, setSeries, shareTone, value } from './format.ts';
import type { Layout } from './inspection.ts';
import { type Cell, type Column, more, table } from './table.ts';
import { type Line, paragraph, type Span, span } from './text.ts';

/** A table up to this long is shown in full. */
const SHORT = 16;
const LONG = 24;

const COLUMNS: readonly Column[] = [
  { head: 'nic', align: 'left' },
  { head: 'queue', align: 'left', give: 'cut' },
  { head: 'irq', align: 'right', give: 'cut' },
  { head: 'cpu', align: 'right', give: 'cut' },
  { head: '→ slot', align: 'right', give: 'cut' },
  { head: 'worker', align: 'left' },
  { head: 'on cpu', align: 'right', give: 'cut' },
  { head: 'tx queue', align: 'left', give: 'cut' },
  { head: 'local', align: 'right' },
  { head: 'why', align: 'left', give: 'wrap' },
];

/** @param group null if no group receives from the queues */
export function pathLines(paths: readonly Path[], group: Group | null, layout: Layout): readonly Line[] {
  if (paths.length === 0) return [];
  const folds = foldPaths(paths, layout.all);
  const shown = layout.all ? folds : folds.slice(0, LONG);
  const oneNic = new Set(paths.map(({ nic }) => nic)).size === 1;
  const oneReason = new Set(paths.map(({ localShare, why }) => `${localShare} ${inWords(why)}`)).size === 1;
  const owners = group?.sockets.flatMap((socket) => socket.owners);
  const comms = new Map(owners?.map(({ pid, comm }) => [pid, comm]));
  const rows = shown.map(({ first, rows: of }): readonly Cell[] => {
    const column = <T>(get: (path: Path) => T) => of.map(get);
    const queues = column(({ rxQueue }) => rxQueue);
    const txQueues = column(({ txQueue }) => txQueue);
    return [
      oneNic ? '' : first.nic,
      queueSet('rx', queues),
      series(column(({ irq }) => irq)),
      series(column(({ cpu }) => cpu)),
      ...(group === null ? ['', '', ''] : workerCells(of, group, comms)),
      series(txQueues, 'tx-'),
      localCell(first, group),
      oneReason ? '' : whyOf(of),
    ];
  });
  return [
    ...table(COLUMNS, rows, layout),
    ...(oneReason ? paragraph('why  ', whyOf(paths), layout) : []),
    ...txLines(paths, layout),
    ...more(folds.length - shown.length, 'row'),
  ];
}

/** Who chooses the TX queue, if none can be named for any row, for one reason. */
function txLines(paths: readonly Path[], layout: Layout): readonly Line[] {
  const [reason, another] = new Set(paths.map(({ txWhy }) => txWhy));
  const open = paths.every(({ txQueue }) => txQueue === null);
  return open && reason !== undefined && another === undefined ? paragraph('tx   ', reason, layout) : [];
}

/** Series of similar rows; if there are still many, the queues of a NIC that are equally local for the same reason. */
export function foldPaths(paths: readonly Path[], all: boolean): readonly Fold<Path>[] {
  if (all) return paths.map((first) => ({ first, rows: [first] }));
  if (paths.length <= SHORT) return gather(paths, placeOf);
  const stretches = fold(paths, step);
  if (stretches.length <= LONG) return stretches;
  return gather(paths, ({ nic, localShare, why }) => `${nic} ${localShare} ${inWords(why)}`);
}

/** Queues of which nothing but the number differs: nobody knows their CPU, or the sender's CPU receives. */
function placeOf({ nic, rxQueue, irq, cpu, slot, txQueue, why }: Path): string {
  return irq === null && cpu === null ? `${nic} ${slot} ${txQueue} ${why}` : `${nic} rx-${rxQueue}`;
}

function step(before: Path, after: Path): string | null {
  const alike =
    before.nic === after.nic &&
    before.rxQueue + 1 === after.rxQueue &&
    before.localShare === after.localShare &&
    inWords(before.why) === inWords(after.why);
  if (!alike) return null;
  const known = (path: Path) => `${path.irq === null} ${path.worker === null}`;
  const numbers = [
    delta(before.cpu, after.cpu),
    delta(before.slot, after.slot),
    delta(before.txQueue, after.txQueue),
    shift(before.worker?.cpus ?? null, after.worker?.cpus ?? null),
  ];
  return known(before) !== known(after) || numbers.includes(null) ? null : numbers.join(' ');
}

export function inWords(why: string): string {
  return why.replace(/\d+/g, '#');
}

/** One sentence for reasons that differ only in their numbers: `slot 0 … 7: worker on CPU 0 … 7`. */
export function whyOf(paths: readonly Path[]): string {
  const whys = paths.map(({ why }) => why.split(/(\d+)/));
  const [first = []] = whys;
  return first
    .map((piece, at) => (at % 2 === 0 ? piece : numbersOf(whys.map((why) => Number(why[at])))))
    .join('');
}

function numbersOf(numbers: readonly number[]): string {
  return isSeries(numbers) ? series(numbers) : ranges(numbers);
}

export function workerCells(
  paths: readonly Path[],
  group: Group,
  comms: ReadonlyMap<number, string>,
): readonly Cell[] {
  if (paths.every((path) => isChance(path, group))) return [`→ any of ${group.size}`, '', ''];
  const workers = paths.map(({ worker }) => worker);
  const pids = [...new Set(workers.flatMap((worker) => worker?.pid ?? []))];
  const [pid = null] = pids;
  return [
    `→ ${series(paths.map(({ slot }) => slot))}`,
    pids.length > 1 ? `${pids.length} workers` : `${comms.get(pid ?? -1) ?? ''} ${value(pid)}`.trim(),
    setSeries(workers.map((worker) => worker?.cpus ?? null)),
  ];
}

/** Is the member chosen at random among all: by the hash, or by a random program? */
export function isChance({ slot, localShare }: Path, { selection }: Group): boolean {
  return selection === 'hash' || (selection === 'cbpf' && slot === null && localShare !== null);
}

/** A probability reads better as one in N. */
export function localCell(path: Path, group: Group | null): Span {
  const share = path.localShare;
  const size = group !== null && isChance(path, group) ? group.size : 0;
  const local = Math.round((share ?? 0) * size);
  const exact = share !== null && local > 0 && local < size && Math.abs(share * size - local) < 1e-9;
  return span(exact ? `${local}/${size}` : percent(share), shareTone(share));
}
