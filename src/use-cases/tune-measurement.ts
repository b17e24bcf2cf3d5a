/** Measures the locality of some ports over some seconds; `tune` decides by it. */
import type { Protocol } from '../host/types.ts';
import { acceptQuestion, toPairs } from '../measure/accept.ts';
import { ANY, type Filter } from '../measure/filter.ts';
import { type PacketCounts, packetRates, readPacketCounts } from '../measure/interface-rates.ts';
import { percentOf } from '../measure/percent.ts';
import { startSession } from '../measure/session.ts';
import { type SkbFigure, toSkbs } from '../measure/skb.ts';
import { countsTx, skbQuestion } from '../measure/skb-question.ts';
import type { Interval, Session } from '../measure/types.ts';
import type { Files } from '../system/types.ts';
import type { Figure, Judged } from '../tune/judge.ts';

/** What to measure: whose packets, and for how long. */
export interface Traffic {
  readonly protocol: Protocol;
  /** Empty: every port. */
  readonly ports: readonly number[];
  readonly seconds: number;
  /** Interfaces whose TX is tuned. */
  readonly senders: readonly string[];
  readonly signal: AbortSignal;
}

/** Throws Failure: everything of startSession. */
export async function measureLocality(files: Files, asked: Traffic): Promise<Judged> {
  const abort = new AbortController();
  const what = { ...asked, signal: AbortSignal.any([asked.signal, abort.signal]) };
  const [port = null, ...others] = what.ports;
  const own: Filter = { ...ANY, port: others.length > 0 ? null : port };
  const running: Promise<unknown>[] = [];
  // One after the other: on a busy machine compiling three probes at once takes longer than compiling them in turn.
  const start = async <T>(session: Promise<() => Promise<T>>): Promise<{ readonly done: Promise<T> }> => {
    const done = (await session)();
    // Its failure is thrown where it is awaited, which may be later.
    done.catch(() => {});
    running.push(done);
    return { done };
  };
  try {
    const before = readPacketCounts(files);
    const rx = await start(startSkbs(what, own));
    // An ACK that frees a packet does not show its port, and rx of all ports is not that of one server, so each has its
    // own probe.
    const tx = own.port === null ? rx : await start(startSkbs(what, ANY));
    const accept = what.protocol === 'udp' ? null : await start(startAccepts(what, own));
    const counted = await rx.done;
    const { tx: sent } = await tx.done;
    const after = readPacketCounts(files);
    return {
      seconds: counted.seconds,
      rx: counted.rx,
      tx: sent,
      txShare: shareOf(what.senders, before, after, sent?.events ?? 0),
      accept: accept && (await accept.done),
      pps: packetRates(before, after),
    };
  } finally {
    // A probe left running is worse than a failed one, so all are awaited.
    abort.abort();
    await Promise.allSettled(running);
  }
}

/** Share of all sent packets, 0 to 1. Other network namespaces send too; only the probe's `counted` includes them. */
export function shareOf(
  senders: readonly string[],
  before: PacketCounts,
  after: PacketCounts,
  counted: number,
): number | null {
  const sent = Array.from(after.packets, ([name, { tx }]) => ({
    own: senders.includes(name),
    packets: Math.max(0, tx - (before.packets.get(name)?.tx ?? tx)),
  }));
  const sum = (some: typeof sent) => some.reduce((total, { packets }) => total + packets, 0);
  const all = Math.max(sum(sent), counted);
  return senders.length === 0 || all === 0 ? null : sum(sent.filter(({ own }) => own)) / all;
}

async function startSkbs(what: Traffic, filter: Filter) {
  const session = await startSession(await skbQuestion(filter, what.seconds), once(what));
  const counted = { tx: countsTx(session.variant.name, filter), toDriver: false };
  return async () => {
    const interval = await only(session);
    const { rx, tx } = toSkbs(interval, [], counted);
    return { seconds: interval.seconds, rx: toFigure(rx), tx: counted.tx ? toFigure(tx) : null };
  };
}

const toFigure = ({ percent, packets }: SkbFigure): Figure => ({ percent, events: packets ?? 0 });

async function startAccepts(what: Traffic, filter: Filter) {
  const session = await startSession(acceptQuestion(filter, what.seconds), once(what));
  return async (): Promise<Figure> => {
    const pairs = toPairs((await only(session)).counts).filter(
      ({ port }) => what.ports.length === 0 || what.ports.includes(port),
    );
    const events = pairs.reduce((sum, { count }) => sum + count, 0);
    const local = pairs.reduce((sum, { cpu, rxcpu, count }) => sum + (cpu === rxcpu ? count : 0), 0);
    return { percent: percentOf(local, events), events };
  };
}

const once = ({ signal }: Traffic) => ({ signal, count: 1 });

async function only({ intervals }: Session): Promise<Interval> {
  let only: Interval | null = null;
  for await (const interval of intervals) only = interval;
  if (only === null) throw new Error('a measurement without an interval');
  return only;
}
