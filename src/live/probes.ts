/** The probes of the live view, and the parts of a sample that they count. */
import type { Group } from '../host/types.ts';
import {
  acceptQuestion,
  formatEvent,
  type ListenerPair,
  parseEvent,
  toAccepts,
  toPairs,
} from '../measure/accept.ts';
import { incompleteness } from '../measure/completeness.ts';
import { ANY } from '../measure/filter.ts';
import { percentOf } from '../measure/percent.ts';
import { type Matrix, toSkbs } from '../measure/skb.ts';
import { countsTx, skbQuestion } from '../measure/skb-question.ts';
import { toReads, udpQuestion } from '../measure/udp.ts';
import { type Gathered, keepRunning, type Probe } from './restarting-probe.ts';
import type { Accept, LocalityFigure, MemberSample, ProbeState } from './types.ts';

/** Seconds between prints of the bpftrace maps; longer intervals are sums. */
const SECONDS = 1;

/** Of one port, tx is that of UDP: an ACK that frees a TCP segment does not show its port. */
export const watchSkbs = (port: number | null, signal: AbortSignal, onChange: () => void): Probe =>
  keepRunning(() => skbQuestion({ ...ANY, port }, SECONDS), signal, onChange);

export const watchAccepts = (port: number | null, signal: AbortSignal, onChange: () => void): Probe =>
  keepRunning(async () => acceptQuestion({ ...ANY, port }, SECONDS), signal, onChange);

export const watchDatagrams = (port: number | null, signal: AbortSignal, onChange: () => void): Probe =>
  keepRunning(async () => udpQuestion({ ...ANY, port }, SECONDS), signal, onChange);

/** Reports each accept in the usual form: `cpu=#12 pid=29333 accept(3) -> fd=30 rxcpu=#12`. */
export function watchEvents(
  port: number | null,
  signal: AbortSignal,
  onEvent: (text: string) => void,
): Probe {
  const onLine = (line: string) => {
    const event = parseEvent(line);
    if (event !== null) onEvent(formatEvent(event));
  };
  return keepRunning(
    async () => acceptQuestion({ ...ANY, port }, SECONDS, true),
    signal,
    () => {},
    onLine,
  );
}

type Counts = Omit<LocalityFigure, 'pps'>;
const UNCOUNTED: Counts = { packets: null, local: null, percent: null };

export interface Packets {
  readonly rx: Counts;
  readonly tx: Counts;
  readonly rxMatrix: Matrix | null;
  readonly txMatrix: Matrix | null;
  readonly notes: readonly string[];
}

export const NO_PACKETS: Packets = {
  rx: UNCOUNTED,
  tx: UNCOUNTED,
  rxMatrix: null,
  txMatrix: null,
  notes: [],
};

export function toPackets(gathered: Gathered, cpus: readonly number[]): Packets {
  const counted = { tx: countsTx(gathered.variant.name, ANY), toDriver: false };
  const { rx, tx, rxMatrix, txMatrix, notes } = toSkbs(gathered, cpus, counted);
  return { rx, tx, rxMatrix, txMatrix, notes: [...incompleteness(gathered), ...notes] };
}

export function toAccept(gathered: Gathered, commOf: (pid: number) => string | null): Accept {
  return {
    source: 'probe',
    seconds: gathered.seconds,
    ...withoutNotes(toAccepts(toPairs(gathered.counts), commOf)),
  };
}

const withoutNotes = ({ notes: _, ...accepts }: ReturnType<typeof toAccepts>) => accepts;

/** Rates of TCP members by the accepts of their listeners, of UDP members by the datagrams that were read from them. */
export function toMembers(
  groups: readonly Group[],
  accepts: Gathered | null,
  datagrams: Gathered | null,
): MemberSample[] {
  const byListener = accepts === null ? null : perListener(toPairs(accepts.counts));
  const reads = datagrams === null ? null : toReads(datagrams.counts);
  return groups.flatMap(({ id, protocol, sockets }) =>
    sockets.map(({ inode, holders, recvQueue }) => {
      const tally =
        protocol === 'tcp'
          ? byListener && sum(holders.map(({ pid, fd }) => byListener.get(`${pid},${fd}`)))
          : reads && sum([tallyReads(reads.get(inode) ?? [])]);
      const seconds = (protocol === 'tcp' ? accepts : datagrams)?.seconds ?? 0;
      return {
        group: id,
        inode,
        rate: tally && seconds > 0 ? Math.round((10 * tally.count) / seconds) / 10 : null,
        percent: tally && percentOf(tally.local, tally.judged),
        recvQueue,
      };
    }),
  );
}

/** Without a probe: of servers that count their own accepts, one listener in each process. */
export function membersByProcess(groups: readonly Group[], { listeners, seconds }: Accept): MemberSample[] {
  const byPid = new Map(listeners.map((listener) => [`${listener.port} ${listener.pid}`, listener]));
  return groups.flatMap(({ id, protocol, port, sockets }) =>
    sockets.map(({ inode, holders, recvQueue }) => {
      const own = holders.map(({ pid }) => byPid.get(`${port} ${pid}`)).find((each) => each !== undefined);
      const { accepts, matched } = (protocol === 'tcp' && own) || { accepts: null, matched: 0 };
      const rate = accepts === null || seconds <= 0 ? null : Math.round((10 * accepts) / seconds) / 10;
      const percent = accepts === null ? null : percentOf(matched, accepts);
      return { group: id, inode, rate, percent, recvQueue };
    }),
  );
}

/** `judged`: packets whose receiving CPU is known. */
interface Tally {
  readonly count: number;
  readonly judged: number;
  readonly local: number;
}

const NOTHING: Tally = { count: 0, judged: 0, local: 0 };

const sum = (tallies: readonly (Tally | undefined)[]): Tally =>
  tallies.reduce<Tally>(
    (all, one = NOTHING) => ({
      count: all.count + one.count,
      judged: all.judged + one.judged,
      local: all.local + one.local,
    }),
    NOTHING,
  );

function tallyReads(reads: readonly { cpu: number; rxcpu: number | null; count: number }[]): Tally {
  return sum(
    reads.map(({ cpu, rxcpu, count }) => ({
      count,
      judged: rxcpu === null ? 0 : count,
      local: cpu === rxcpu ? count : 0,
    })),
  );
}

function perListener(pairs: readonly ListenerPair[]): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const { pid, fd, ...pair } of pairs) {
    const key = `${pid},${fd}`;
    tallies.set(key, sum([tallies.get(key), tallyReads([pair])]));
  }
  return tallies;
}

/** One state for all probes: that of the packet probe, which matters most. Notes of the others name their probe. */
export function probeState(
  skbs: Probe,
  others: Readonly<Record<string, Probe | null>>,
  notes: readonly string[],
): ProbeState {
  const { state, variant, why } = skbs;
  const reasons = Object.entries(others).flatMap(([name, probe]) =>
    probe === null || probe.why === null || probe.why === why ? [] : [`${name}: ${probe.why}`],
  );
  return {
    state,
    coverage: variant?.name ?? null,
    notes: [...(why === null ? [] : [why]), ...reasons, ...notes, ...(variant?.notes ?? [])],
  };
}
