/** Reuseport groups: the worker and CPU of each slot, and the program that picks; then sockets without a group. */

import type { Group, GroupSocket, Host, LoneSocket, Owner } from '../host/types.ts';
import { count, names, UNKNOWN } from '../words/phrase.ts';
import { whose, whoseAll } from '../words/whose.ts';
import { delta, type Fold, fold, gather, shift } from './fold.ts';
import { series, setSeries, short, value } from './format.ts';
import { chosenBy, type Layout } from './inspection.ts';
import { type Column, more, table } from './table.ts';
import { type Line, paragraph } from './text.ts';

const SHORT = 16;
const LONG = 24;
const INSTRUCTIONS = 8;

const GROUPS: readonly Column[] = [
  { head: 'group', align: 'left' },
  { head: 'sockets', align: 'right' },
  { head: 'chosen', align: 'left' },
  { head: 'slots from', align: 'left' },
  { head: 'uid', align: 'right' },
  { head: 'served by', align: 'left' },
  { head: 'unit, container', align: 'left' },
];

export function groupTable(groups: readonly Group[], layout: Layout): readonly Line[] {
  if (groups.length === 0) return [];
  const shown = layout.all ? groups : groups.slice(0, SHORT);
  const rows = shown.map((group) => [
    group.id,
    String(group.size),
    chosenBy(group),
    slotSource(group),
    value(group.uid),
    names([...new Set(group.sockets.flatMap(({ owners }) => owners.map(({ comm }) => comm)))]) || UNKNOWN,
    whoseAll(group.sockets.flatMap(({ owners }) => owners)),
  ]);
  return [...table(GROUPS, rows, layout), ...more(groups.length - shown.length, 'group')];
}

export function guessed({ sockets }: Group): boolean {
  return sockets.some(({ slotSource }) => slotSource === 'guess');
}

function slotSource(group: Group): string {
  const { sockets } = group;
  if (guessed(group)) return 'a guess';
  return sockets.length > 0 && sockets.every(({ slotSource }) => slotSource === 'kernel')
    ? 'the kernel'
    : UNKNOWN;
}

const MEMBERS: readonly Column[] = [
  { head: 'slot', align: 'right' },
  { head: 'socket', align: 'right' },
  { head: 'served by', align: 'left' },
  { head: 'unit, container', align: 'left' },
  { head: 'on cpu', align: 'right', give: 'cut' },
  { head: 'SO_INCOMING_CPU', align: 'right' },
  { head: 'waiting', align: 'right' },
  { head: 'drops', align: 'right' },
  { head: 'read', align: 'right' },
];

/** The members of one group and its program. */
export function memberLines(group: Group, layout: Layout): readonly Line[] {
  const folds = foldMembers(group.sockets, layout.all);
  const shown = layout.all ? folds : folds.slice(0, LONG);
  return [
    ...table(MEMBERS, shown.map(memberCells), layout),
    ...more(folds.length - shown.length, 'row'),
    ...programLines(group, layout),
  ];
}

function foldMembers(sockets: readonly GroupSocket[], all: boolean): readonly Fold<GroupSocket>[] {
  if (all || sockets.length <= SHORT) return sockets.map((first) => ({ first, rows: [first] }));
  const stretches = fold(sockets, step);
  return stretches.length <= LONG
    ? stretches
    : gather(sockets, (socket) => `${servers(socket)} ${socket.cpus.length === 1}`);
}

function step(before: GroupSocket, after: GroupSocket): string | null {
  const moved = shift(before.cpus, after.cpus);
  const idle = (socket: GroupSocket) =>
    `${socket.recvQueue === 0} ${socket.drops === 0} ${socket.packets === 0}`;
  if (moved === null || servers(before) !== servers(after) || idle(before) !== idle(after)) return null;
  return [moved, delta(before.slot, after.slot), delta(before.incomingCpu, after.incomingCpu)].join(' ');
}

/** The names of the serving processes, without numbers, and whose they are. */
function servers({ owners }: GroupSocket): string {
  return owners.map((owner) => `${owner.comm} ${owner.via === 'fd'} ${whose(owner)}`).join(' ');
}

function memberCells({ first, rows }: Fold<GroupSocket>): readonly string[] {
  const sum = (of: (socket: GroupSocket) => number | null) => {
    const counts = rows.map(of).filter((each) => each !== null);
    return counts.length < rows.length ? UNKNOWN : short(counts.reduce((total, each) => total + each, 0));
  };
  const incoming = rows.map(({ incomingCpu }) => incomingCpu);
  return [
    series(rows.map(({ slot }) => slot)),
    rows.length === 1 ? String(first.inode) : count(rows.length, 'socket'),
    rows.length === 1
      ? ownerNames(first.owners)
      : `${rows.length} × ${names(first.owners.map(({ comm }) => comm)) || 'not known'}`,
    whoseAll(rows.flatMap(({ owners }) => owners)),
    setSeries(rows.map(({ cpus }) => cpus)),
    incoming.every((cpu) => cpu === null) ? '' : series(incoming),
    sum(({ recvQueue }) => recvQueue),
    sum(({ drops }) => drops),
    rows.every(({ packets }) => packets === null) ? '' : sum(({ packets }) => packets),
  ];
}

/** `nginx 29333`; a process that only holds the socket does not serve it. */
function ownerNames(owners: readonly Owner[]): string {
  return owners.length === 0
    ? UNKNOWN
    : names(
        owners.map(({ comm, pid, tid, via }) => {
          const thread = tid === null || tid === pid ? '' : ` thread ${tid}`;
          return `${comm} ${pid}${thread}${via === 'fd' ? ' (holds it)' : ''}`;
        }),
      );
}

function programLines({ program }: Group, layout: Layout): readonly Line[] {
  if (program === null) return [];
  if (program.asm === null)
    return paragraph('program: ', `${program.kind}, ${program.name ?? 'without a name'}`, layout);
  const lines = program.asm.split('\n').filter((line) => line.trim() !== '');
  const shown = layout.all ? lines : lines.slice(0, INSTRUCTIONS);
  const rest = lines.length > shown.length ? `; … ${lines.length - shown.length} more instructions` : '';
  return paragraph('program: ', shown.map((line) => line.trim()).join('; ') + rest, layout);
}

const LONE: readonly Column[] = [
  { head: 'socket', align: 'left' },
  { head: 'processes', align: 'right' },
  { head: 'served by', align: 'left' },
  { head: 'unit, container', align: 'left' },
  { head: 'waiting', align: 'right' },
  { head: 'drops', align: 'right' },
];

/** Sockets without a group: those that several processes share or that dropped packets, and the number of the others. */
export function loneLines({ lone }: Host, layout: Layout): readonly Line[] {
  const sorted = lone.toSorted((a, b) => b.processes - a.processes || (b.drops ?? 0) - (a.drops ?? 0));
  const shown = layout.all ? sorted : sorted.filter(notable).slice(0, SHORT);
  const rest = sorted.length - shown.length;
  const rows = shown.map(({ id, processes, owners, recvQueue, drops }: LoneSocket) => [
    id,
    String(processes),
    ownerNames(owners),
    whoseAll(owners),
    recvQueue === null ? UNKNOWN : short(recvQueue),
    drops === null ? UNKNOWN : short(drops),
  ]);
  const others =
    shown.length > 0
      ? count(rest, 'other')
      : `${count(rest, 'socket')}, none of them shared by several processes or with drops`;
  return [
    ...(rows.length > 0 ? table(LONE, rows, layout) : []),
    ...(rest > 0 ? paragraph('', `${others}; --all shows ${rest === 1 ? 'it' : 'them'}`, layout) : []),
  ];
}

function notable({ processes, drops }: LoneSocket): boolean {
  return processes > 1 || (drops ?? 0) > 0;
}
