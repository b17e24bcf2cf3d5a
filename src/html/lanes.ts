/** The paths of one group as lanes through five columns, with the position of each box. */

import type { Group } from '../host/types.ts';
import type { Path } from '../path/types.ts';
import { queueSet, series, setSeries } from '../report/format.ts';
import { chosenBy } from '../report/inspection.ts';
import { foldPaths, isChance, localCell, whyOf, workerCells } from '../report/paths.ts';
import type { Tone } from '../report/text.ts';
import { count, UNKNOWN } from '../words/phrase.ts';
import { whoseAll } from '../words/whose.ts';

/** RX queue, CPU, slot, worker, TX queue. */
export const COLUMNS = 5;

export interface Box {
  readonly title: string;
  readonly detail: string;
  readonly known: boolean;
}

export interface Lane {
  /** `rx-3`, `eth1 rx-0 … 7`. */
  readonly name: string;
  /** null: the path has no such box. */
  readonly boxes: readonly (Box | null)[];
  readonly local: string;
  readonly tone: Tone;
  readonly why: string;
}

/** Queues with the same path share a lane. @param group null: the packets reach no group */
export function lanesOf(paths: readonly Path[], group: Group | null): readonly Lane[] {
  const severalNics = new Set(paths.map(({ nic }) => nic)).size > 1;
  const owners = group?.sockets.flatMap((socket) => socket.owners);
  const comms = new Map(owners?.map(({ pid, comm }) => [pid, comm]));
  return foldPaths(paths, false).map(({ first, rows }): Lane => {
    const { text: local, tone } = localCell(first, group);
    const queues = queueSet(
      'rx',
      rows.map(({ rxQueue }) => rxQueue),
    );
    const irqs = series(rows.map(({ irq }) => irq));
    const cpus = series(rows.map(({ cpu }) => cpu));
    const txQueues = series(
      rows.map(({ txQueue }) => txQueue),
      'tx-',
    );
    return {
      name: severalNics ? `${first.nic} ${queues}` : queues,
      boxes: [
        box(queues, `${severalNics ? `${first.nic}, ` : ''}irq ${irqs}`),
        cpus === UNKNOWN ? open('not known') : box(`CPU ${cpus}`, 'receives'),
        ...(group === null ? [null, null] : choice(rows, group, comms)),
        txQueues === UNKNOWN ? open('not decided') : box(txQueues, 'sends'),
      ],
      local,
      tone: tone ?? 'unknown',
      why: whyOf(rows),
    };
  });
}

const box = (title: string, detail: string): Box => ({ title, detail, known: true });
const open = (title: string, detail = ''): Box => ({ title, detail, known: false });

/** Slot and worker. If the choice is random, all workers share one box. */
function choice(
  rows: readonly Path[],
  group: Group,
  comms: ReadonlyMap<number, string>,
): readonly (Box | null)[] {
  const owners = group.sockets.flatMap((socket) => socket.owners);
  if (rows.every((path) => isChance(path, group))) {
    const cpus = [...new Set(group.sockets.flatMap((socket) => socket.cpus))].sort((a, b) => a - b);
    const all = count(group.size, 'worker');
    return [
      box(`any of ${group.size}`, chosenBy(group)),
      box(all, detailOf(`on CPU ${setSeries([cpus])}`, whoseAll(owners))),
    ];
  }
  const pids = new Set(rows.map(({ worker }) => worker?.pid));
  const whom = whoseAll(owners.filter(({ pid }) => pids.has(pid)));
  const cells = workerCells(rows, group, comms).map((cell) => (typeof cell === 'string' ? cell : cell.text));
  const [slot = '', worker = '', cpus = ''] = cells;
  if (rows.every((path) => path.slot === null && path.worker === null))
    return [open('not known', group.selection === null ? '' : chosenBy(group)), open('not known')];
  return [
    box(slot.replace('→', 'slot'), group.selection === null ? '' : chosenBy(group)),
    box(worker, detailOf(cpus === UNKNOWN ? 'on a CPU not known' : `on CPU ${cpus}`, whom)),
  ];
}

const detailOf = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');

/** A box and its position; equal boxes of several lanes are merged. */
export interface PlacedBox extends Box {
  readonly column: number;
  /** In lanes from 0; may be a fraction. */
  readonly y: number;
}

export interface Edge {
  readonly from: PlacedBox;
  readonly to: PlacedBox;
  /** null before the receiving CPU and after the worker. */
  readonly tone: Tone | null;
}

export interface Drawing {
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly Edge[];
  /** In lanes. */
  readonly height: number;
}

const GRAVITY: readonly (Tone | null)[] = [null, 'strong', 'local', 'unknown', 'partly', 'remote'];

/** A box is in the middle of its lanes, and below the previous box. */
export function draw(lanes: readonly Lane[]): Drawing {
  const columns = Array.from({ length: COLUMNS }, (_, column) => place(lanes, column));
  const boxes = columns.flatMap((placed) => [...placed.values()]);
  const edges = new Map<string, Edge>();
  for (const { boxes: way, tone } of lanes) {
    const passed = way.flatMap((box, column) => (box && columns[column]?.get(keyOf(box))) || []);
    passed.slice(1).forEach((to, at) => {
      const from = passed[at];
      if (from === undefined) return;
      const chosen = from.column >= 1 && to.column <= 3 ? tone : null;
      const key = `${from.column} ${keyOf(from)} ${keyOf(to)}`;
      const known = edges.get(key);
      if (known === undefined || GRAVITY.indexOf(known.tone) < GRAVITY.indexOf(chosen))
        edges.set(key, { from, to, tone: chosen });
    });
  }
  return {
    boxes,
    edges: [...edges.values()],
    height: boxes.reduce((most, { y }) => Math.max(most, y + 1), lanes.length),
  };
}

const keyOf = ({ title, detail }: Box): string => `${title}\n${detail}`;

function place(lanes: readonly Lane[], column: number): ReadonlyMap<string, PlacedBox> {
  const standing = lanes.flatMap(({ boxes }, at) => {
    const box = boxes[column];
    return box ? [{ box, at }] : [];
  });
  let next = 0;
  const placed = [...Map.groupBy(standing, ({ box }) => keyOf(box))]
    .map(([key, same]) => ({ key, same, y: same.reduce((sum, { at }) => sum + at, 0) / same.length }))
    .sort((a, b) => a.y - b.y)
    .flatMap(({ key, same, y }) => {
      const top = Math.max(y, next);
      next = top + 1;
      return same.slice(0, 1).map(({ box }): [string, PlacedBox] => [key, { ...box, column, y: top }]);
    });
  return new Map(placed);
}
