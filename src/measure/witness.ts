/** Before and after a change: one probe that runs through it, and is asked at its turns. */
import type { GroupSocket, Protocol } from '../host/types.ts';
import { isFailure } from '../system/errors.ts';
import { acceptParameters, acceptVariants, toPairs } from './accept.ts';
import { ANY, filterParameters } from './filter.ts';
import { pairKeys } from './keys.ts';
import { percentOf } from './percent.ts';
import { startSession } from './session.ts';
import type { Counts, Interval, Plan, Session } from './types.ts';
import { toReads, udpVariants } from './udp.ts';

export interface Witnessed {
  readonly seconds: number;
  /** TCP: accepts. UDP: datagrams read whose delivery was seen, too. Or packets. */
  readonly events: number;
  /** Those on the CPU that received. */
  readonly local: number;
  readonly percent: number | null;
}

/** Around a change. */
export interface Measured {
  readonly before: Witnessed;
  readonly after: Witnessed;
}

export interface Witness {
  /** What there was since the last mark, or since the start; null when the probe does not run (any more). */
  mark(): Promise<Witnessed | null>;
  /** Why it does not. */
  why(): string | null;
  stop(): Promise<void>;
}

/** What the witness must know of a group. */
export interface WatchedGroup {
  readonly protocol: Protocol;
  readonly port: number;
  readonly sockets: readonly Pick<GroupSocket, 'inode' | 'holders'>[];
}

/** A mark takes up to two of them. */
const SECONDS = 0.25;

/** The accepts, or datagrams, of a group. */
export function watchGroup(group: WatchedGroup): Promise<Witness> {
  const isOurs = membership(group);
  return watch(
    () => planFor(group),
    ({ counts }) => {
      const events = eventsOf(group.protocol, counts).filter(isOurs);
      return { events: sum(events), local: sum(events.filter(({ cpu, rxcpu }) => cpu === rxcpu)) };
    },
  );
}

const sum = (events: readonly Event[]): number => events.reduce((total, { count }) => total + count, 0);

export type WitnessPlan = Pick<Plan, 'variants' | 'parameters' | 'keys'>;
export type Counter = (interval: Interval) => Pick<Witnessed, 'events' | 'local'>;

/** That nothing can be measured here is no error: the change that is to be witnessed does not depend on it. */
export async function watch(
  planOf: () => WitnessPlan | Promise<WitnessPlan>,
  countOf: Counter,
): Promise<Witness> {
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
    startSession({ ...(await planOf()), seconds: SECONDS, count: null, signal: abort.signal }),
  );
  return {
    mark: () => unlessFailed(async () => (session === null ? null : sumUntilNow(session, countOf))),
    why: () => why,
    stop: async () => {
      abort.abort();
      await unlessFailed(async () => {
        if (session !== null) for await (const _ of session.intervals);
      });
    },
  };
}

function planFor({ protocol, port }: WatchedGroup): WitnessPlan {
  const filter = { ...ANY, port };
  const how =
    protocol === 'tcp'
      ? { variants: acceptVariants(false), parameters: acceptParameters(filter, false) }
      : { variants: udpVariants(), parameters: filterParameters(filter) };
  return { ...how, keys: pairKeys() };
}

/** What was counted when this moment came may be on its way still: only an interval that began later has all of it. */
async function sumUntilNow({ intervals }: Session, countOf: Counter): Promise<Witnessed | null> {
  const now = Date.now();
  let [seconds, events, local] = [0, 0, 0];
  for (;;) {
    const { value, done } = await intervals.next();
    if (done) return null;
    seconds += value.seconds;
    const counted = countOf(value);
    events += counted.events;
    local += counted.local;
    if (value.time.getTime() - 1000 * value.seconds >= now)
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

/** Another address, or another network namespace, may have the same port: only what goes through the group's own sockets. */
function membership({ protocol, sockets }: WatchedGroup): (event: Event) => boolean {
  const inodes = new Set(sockets.map(({ inode }) => inode));
  const held = new Set(sockets.flatMap(({ holders }) => holders.map(({ pid, fd }) => `${pid},${fd}`)));
  return protocol === 'udp'
    ? ({ inode, rxcpu }) => inode !== null && inodes.has(inode) && rxcpu !== null
    : ({ pid, fd }) => held.has(`${pid},${fd}`);
}
