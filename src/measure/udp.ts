/** Datagrams by socket and reader, as counted by udp.*.bt, joined with what sock_diag knows about the sockets. */

import { holesFor } from '../../probes/text.ts';
import { udpScript } from '../../probes/udp.ts';
import { type Filter, filterParameters } from './filter.ts';
import { pairKeys } from './keys.ts';
import { percentOf } from './percent.ts';
import type { Counts, Question } from './types.ts';

export interface UdpPair {
  /** Where the reader ran. */
  readonly cpu: number;
  /** Where the socket's latest datagram was queued; null: before the measurement began. */
  readonly rxcpu: number | null;
  readonly count: number;
}

export interface UdpSocket {
  /**
   * The process that reads it, or for a silent socket the process that serves it; null for several, or if none is
   * known.
   */
  readonly pid: number | null;
  readonly tid: number | null;
  readonly comm: string | null;
  readonly fd: number | null;
  readonly inode: number;
  readonly port: number;
  /** Datagrams read in the interval, and how many of them were read on the delivering CPU; null: not counted. */
  readonly packets: number | null;
  readonly pps: number | null;
  readonly local: number | null;
  /** Share of datagrams whose delivering CPU is known. */
  readonly percent: number | null;
  readonly pairs: readonly UdpPair[];
  /** Bytes waiting to be read; null if the socket is gone. */
  readonly recvQueue: number | null;
  /** Datagrams dropped in the interval; null if the socket is new, or gone. */
  readonly drops: number | null;
}

/** A socket that exists now. */
export interface UdpFacts {
  readonly inode: number;
  readonly port: number;
  readonly recvQueue: number;
  readonly drops: number | null;
  /** The processes that serve it, as far as the system shows. */
  readonly owners: readonly { readonly pid: number; readonly tid: number | null; readonly comm: string }[];
  readonly holders: readonly { readonly pid: number; readonly fd: number }[];
  /** Listed even if nothing is read from it. */
  readonly listed: boolean;
}

const LATEST =
  'the receiving CPU is that of the latest delivery to each socket; with several senders that may be another datagram';

export function udpQuestion(filter: Filter, seconds: number): Question {
  const holes = holesFor(seconds, filter.comm);
  const variants = (['fentry', 'kprobe', 'tracepoint'] as const).map((name) => ({
    name,
    program: udpScript(name, holes),
    fields: [],
    notes: [LATEST],
  }));
  return { variants, parameters: filterParameters(filter), seconds, keys: pairKeys() };
}

interface Read {
  readonly inode: number;
  readonly port: number;
  readonly pid: number;
  readonly tid: number;
  readonly rxcpu: number | null;
  readonly cpu: number;
  readonly count: number;
}

/** The counts of an interval, by inode. */
export type Reads = ReadonlyMap<number, readonly Read[]>;

export function toReads(counts: Counts): Reads {
  const reads = new Map<number, Read[]>();
  for (const [key, count] of counts.get('reads') ?? []) {
    const [inode = 0, port = 0, pid = 0, tid = 0, delivered = 0, cpu = 0] = key.split(',').map(Number);
    const read = { inode, port, pid, tid, rxcpu: delivered === 0 ? null : delivered - 1, cpu, count };
    const known = reads.get(inode);
    if (known === undefined) reads.set(inode, [read]);
    else known.push(read);
  }
  return reads;
}

/**
 * One row per socket, the busiest first. `reads` null: nothing was counted, because there is no probe. `before`: drops
 * by inode at the start of the interval.
 */
export function toUdpSockets(
  reads: Reads | null,
  facts: readonly UdpFacts[],
  before: ReadonlyMap<number, number | null>,
  seconds: number,
  filter: Filter,
  commOf: (pid: number) => string | null,
): UdpSocket[] {
  const known = new Map(facts.map((one) => [one.inode, one]));
  const seen = [...(reads ?? [])].map(([inode, of]) => [inode, of, known.get(inode) ?? null] as const);
  const silent = facts
    .filter((one) => reads?.has(one.inode) !== true && isWanted(one, before, filter))
    .map((one) => [one.inode, reads === null ? null : [], one] as const);
  return [...seen, ...silent]
    .map(([inode, of, fact]) => toRow(inode, of, fact, before, seconds, commOf))
    .sort((a, b) => (b.packets ?? 0) - (a.packets ?? 0) || a.port - b.port || a.inode - b.inode);
}

/** Of sockets without reads: the listed ones, and those that lose datagrams. */
function isWanted(fact: UdpFacts, before: ReadonlyMap<number, number | null>, filter: Filter): boolean {
  const served = fact.owners.some(
    ({ pid, comm }) =>
      (filter.pid === null || pid === filter.pid) && (filter.comm === null || comm === filter.comm),
  );
  if (!served && (filter.pid !== null || filter.comm !== null)) return false;
  return fact.listed || fact.recvQueue > 0 || (dropsOf(fact, before) ?? 0) > 0;
}

function toRow(
  inode: number,
  reads: readonly Read[] | null,
  fact: UdpFacts | null,
  before: ReadonlyMap<number, number | null>,
  seconds: number,
  commOf: (pid: number) => string | null,
): UdpSocket {
  const served = reads === null || reads.length === 0 ? (fact?.owners ?? []) : reads;
  const pid = only(served.map((one) => one.pid));
  const sum = (some: (read: Read) => boolean) =>
    (reads ?? []).reduce((total, read) => total + (some(read) ? read.count : 0), 0);
  const packets = reads === null ? null : sum(() => true);
  const local = reads === null ? null : sum(({ cpu, rxcpu }) => cpu === rxcpu);
  return {
    pid,
    tid: only(served.map((one) => one.tid)),
    comm: pid === null ? null : commOf(pid),
    fd: only((fact?.holders ?? []).filter((holder) => holder.pid === pid).map(({ fd }) => fd)),
    inode,
    port: fact?.port ?? reads?.[0]?.port ?? 0,
    packets,
    pps: packets === null || seconds === 0 ? null : Math.round(packets / seconds),
    local,
    percent:
      local === null
        ? null
        : percentOf(
            local,
            sum(({ rxcpu }) => rxcpu !== null),
          ),
    pairs: toPairs(reads ?? []),
    recvQueue: fact?.recvQueue ?? null,
    drops: fact === null ? null : dropsOf(fact, before),
  };
}

function toPairs(reads: readonly Read[]): UdpPair[] {
  const pairs = new Map<string, UdpPair>();
  for (const { cpu, rxcpu, count } of reads) {
    const key = `${cpu},${rxcpu}`;
    pairs.set(key, { cpu, rxcpu, count: count + (pairs.get(key)?.count ?? 0) });
  }
  return [...pairs.values()].sort((a, b) => a.cpu - b.cpu || (a.rxcpu ?? -1) - (b.rxcpu ?? -1));
}

function dropsOf({ inode, drops }: UdpFacts, before: ReadonlyMap<number, number | null>): number | null {
  const then = before.get(inode);
  return drops === null || then === undefined || then === null ? null : drops - then;
}

/** The common value, null if they differ. */
function only(values: readonly (number | null)[]): number | null {
  const [first = null] = values;
  return values.every((value) => value === first) ? first : null;
}
