/** Counts the locality of some traffic around a change: one probe, read before and after the change. */
import type { GroupSocket, Protocol } from '../host/types.ts';
import { isFailure } from '../system/errors.ts';
import { acceptQuestion, toPairs } from './accept.ts';
import { ANY } from './filter.ts';
import { percentOf } from './percent.ts';
import { startSession } from './session.ts';
import { toSkbs } from './skb.ts';
import { skbQuestion } from './skb-question.ts';
import type { Counts, Interval, Question, Session } from './types.ts';
import { toReads, udpQuestion } from './udp.ts';

export interface LocalityCount {
  readonly seconds: number;
  /** Accepts, datagrams whose delivery and read were both seen, or packets. */
  readonly events: number;
  /** Events on the receiving CPU. */
  readonly local: number;
  /** 0 to 100; null without events. */
  readonly percent: number | null;
}

/** Before and after a change. */
export interface BeforeAndAfter {
  readonly before: LocalityCount;
  readonly after: LocalityCount;
}

export interface LocalityCounter {
  /** The counts since the last call, or since the start; null if the probe does not run. */
  take(): Promise<LocalityCount | null>;
  /** Why it does not run; null while it runs. */
  why(): string | null;
  stop(): Promise<void>;
}

/** What must be known about a group to count its traffic. */
export interface CountedGroup {
  readonly protocol: Protocol;
  readonly port: number;
  readonly sockets: readonly Pick<GroupSocket, 'inode' | 'holders'>[];
}

/** take() takes up to two of them. */
const SECONDS = 0.25;

/** The accepts, or datagrams, of a group. */
export function countGroup(group: CountedGroup): Promise<LocalityCounter> {
  const filter = { ...ANY, port: group.port };
  const isOurs = membership(group);
  return startCounter(
    async () => (group.protocol === 'tcp' ? acceptQuestion : udpQuestion)(filter, SECONDS),
    ({ counts }) => {
      const events = eventsOf(group.protocol, counts).filter(isOurs);
      return { events: sum(events), local: sum(events.filter(({ cpu, rxcpu }) => cpu === rxcpu)) };
    },
  );
}

/** The packets that are read from the sockets of a port. */
export const countReads = (port: number): Promise<LocalityCounter> =>
  startCounter(
    () => skbQuestion({ ...ANY, port }, SECONDS),
    (interval) => {
      const { rx } = toSkbs(interval, [], { tx: false, toDriver: false });
      return { events: rx.packets ?? 0, local: rx.local ?? 0 };
    },
  );

const sum = (events: readonly Event[]): number => events.reduce((total, { count }) => total + count, 0);

type CountOf = (interval: Interval) => Pick<LocalityCount, 'events' | 'local'>;

/** If nothing can be measured here, that is not an error, because the change does not depend on it. */
async function startCounter(ask: () => Promise<Question>, countOf: CountOf): Promise<LocalityCounter> {
  const abort = new AbortController();
  let why: string | null = null;
  const unlessFailed = async <T>(act: () => Promise<T>): Promise<T | null> => {
    try {
      return why === null ? await act() : null;
    } catch (error) {
      if (!isFailure(error)) throw error;
      why = `${error.message} (${error.hint})`;
      return null;
    }
  };
  const session = await unlessFailed(async () =>
    startSession(await ask(), { count: null, signal: abort.signal }),
  );
  return {
    take: () => unlessFailed(async () => (session === null ? null : sumUntilNow(session, countOf))),
    why: () => why,
    stop: async () => {
      abort.abort();
      await unlessFailed(async () => {
        if (session !== null) for await (const _ of session.intervals);
      });
    },
  };
}

/**
 * Counts up to now may not have arrived yet; only an interval that begins later contains all of them. By the monotonic clock:
 * the other one may be set back meanwhile.
 */
export async function sumUntilNow(
  { intervals }: Pick<Session, 'intervals'>,
  countOf: CountOf,
): Promise<LocalityCount | null> {
  const now = performance.now();
  let [seconds, events, local] = [0, 0, 0];
  for (;;) {
    const { value, done } = await intervals.next();
    if (done) return null;
    seconds += value.seconds;
    const counted = countOf(value);
    events += counted.events;
    local += counted.local;
    if (value.ended - 1000 * value.seconds >= now)
      return { seconds, events, local, percent: percentOf(local, events) };
  }
}

interface Event {
  readonly pid: number;
  readonly fd: number | null;
  readonly inode: number | null;
  readonly cpu: number;
  readonly rxcpu: number | null;
  readonly count: number;
}

function eventsOf(protocol: Protocol, counts: Counts): Event[] {
  if (protocol === 'tcp') return toPairs(counts).map((pair) => ({ ...pair, inode: null }));
  return [...toReads(counts).values()].flat().map((read) => ({ ...read, fd: null }));
}

/**
 * Another address or network namespace may have the same port, so only traffic through the group's own sockets counts.
 */
function membership({ protocol, sockets }: CountedGroup): (event: Event) => boolean {
  const inodes = new Set(sockets.map(({ inode }) => inode));
  const held = new Set(sockets.flatMap(({ holders }) => holders.map(({ pid, fd }) => `${pid},${fd}`)));
  return protocol === 'udp'
    ? ({ inode, rxcpu }) => inode !== null && inodes.has(inode) && rxcpu !== null
    : ({ pid, fd }) => held.has(`${pid},${fd}`);
}
