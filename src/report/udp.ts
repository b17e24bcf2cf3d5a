/** `measure udp` as text: a headline for each interval, a row for each socket, and what the queues received. */

import { percentOf } from '../measure/percent.ts';
import type { QueueRate } from '../measure/queue-rates.ts';
import type { UdpSocket } from '../measure/udp.ts';
import { UNKNOWN } from '../words/phrase.ts';
import { whose } from '../words/whose.ts';
import { cpuSet, perSecond, value } from './format.ts';
import { clock, percentSpan } from './interval.ts';
import { type Cell, type Column, table } from './table.ts';
import { type Line, type Style, span } from './text.ts';

/** Most sockets shown per interval; -j has them all. */
const MOST = 32;

/** With whose process it is, where that was read. */
type Socket = UdpSocket & Partial<Parameters<typeof whose>[0]>;

export interface UdpReport {
  readonly time: Date;
  readonly seconds: number;
  readonly sockets: readonly Socket[];
  /** null if the sockets themselves are counted. */
  readonly queues: readonly QueueRate[] | null;
}

export function udpLines({ time, seconds, sockets, queues }: UdpReport, style: Style): Line[] {
  return [
    queues === null ? headline(time, seconds, sockets) : [span(`${clock(time)}  udp, not counted`)],
    ...(sockets.length === 0 ? [] : socketTable(sockets, style)),
    ...(queues === null || queues.length === 0 ? [] : queueTable(queues, style)),
  ];
}

function headline(time: Date, seconds: number, sockets: readonly UdpSocket[]): Line {
  const sum = (of: (socket: UdpSocket) => number) => sockets.reduce((total, socket) => total + of(socket), 0);
  const packets = sum((socket) => socket.packets ?? 0);
  const local = sum((socket) => socket.local ?? 0);
  const judged = sum(({ pairs }) => judgedOf(pairs));
  return [
    span(`${clock(time)}  udp `),
    percentSpan(percentOf(local, judged)),
    span(`  ${local} of ${packets} datagrams, ${perSecond(packets, seconds)} a second`),
  ];
}

const judgedOf = (pairs: UdpSocket['pairs']) =>
  pairs.reduce((total, { rxcpu, count }) => total + (rxcpu === null ? 0 : count), 0);

function socketTable(sockets: readonly Socket[], style: Style): Line[] {
  const of = ({ unit = null, container = null }: Socket) => whose({ unit, container });
  const named = sockets.some((socket) => of(socket) !== null);
  const columns: Column[] = [
    { head: 'port', align: 'right' },
    { head: 'pid', align: 'right' },
    { head: 'thread', align: 'right' },
    { head: 'process', align: 'left' },
    ...(named ? [{ head: 'of', align: 'left' } as const] : []),
    { head: 'fd', align: 'right' },
    { head: 'delivered on', align: 'right', give: 'cut' },
    { head: 'read on', align: 'right', give: 'cut' },
    { head: 'packets/s', align: 'right' },
    { head: 'local', align: 'right' },
    { head: 'queue', align: 'right' },
    { head: 'drops', align: 'right' },
  ];
  const rows = sockets
    .slice(0, MOST)
    .map((socket): Cell[] => [
      String(socket.port),
      value(socket.pid),
      value(socket.tid),
      socket.comm ?? UNKNOWN,
      ...(named ? [of(socket) ?? ''] : []),
      value(socket.fd),
      cpuSet(distinct(socket.pairs.map(({ rxcpu }) => rxcpu))),
      cpuSet(distinct(socket.pairs.map(({ cpu }) => cpu))),
      value(socket.pps),
      percentSpan(socket.percent),
      value(socket.recvQueue),
      value(socket.drops),
    ]);
  return [...table(columns, rows, style), ...leftOut(sockets.length - rows.length)];
}

const distinct = (cpus: readonly (number | null)[]): number[] =>
  [...new Set(cpus.filter((cpu) => cpu !== null))].sort((a, b) => a - b);

/** Only active ones: a machine may have a thousand. */
function queueTable(queues: readonly QueueRate[], style: Style): Line[] {
  const busy = queues.filter(({ pps, interrupts }) => (pps ?? 0) > 0 || (interrupts ?? 0) > 0);
  if (busy.length === 0) return [[span(`RX queues that received packets: 0 of ${queues.length}`)]];
  const columns: Column[] = [
    { head: 'nic', align: 'left' },
    { head: 'queue', align: 'right' },
    { head: 'packets/s', align: 'right' },
    { head: 'interrupts', align: 'right' },
  ];
  const rows = busy
    .slice(0, MOST)
    .map(({ nic, rxQueue, pps, interrupts }) => [nic, `rx-${rxQueue}`, value(pps), value(interrupts)]);
  return [...table(columns, rows, style), ...leftOut(busy.length - rows.length)];
}

const leftOut = (left: number): Line[] => (left > 0 ? [[span(`${left} more: -j lists them`)]] : []);
