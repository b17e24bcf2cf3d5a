/** Turns the output of bpftrace, which prints totals, into intervals, which contain differences. */
import type { Message } from '../system/bpftrace-output.ts';
import { type Failure, failure } from '../system/errors.ts';
import type { Counts, Interval } from './types.ts';

export interface IntervalReader {
  /** The first interval begins now, because the probes are attached. */
  begin(): void;
  /** The interval that this message ends, or what is wrong with it; null if the interval continues. */
  add(message: Message): Interval | Failure | null;
  /** From now on no message ends an interval; all that follow belong to the last one. */
  finish(): void;
  /** The interval since the last one. */
  rest(): Interval;
}

/** @param keys entries for which each map has room @param now milliseconds of a monotonic clock */
export function createIntervalReader(keys: number, now: () => number): IntervalReader {
  const totals = new Map<string, Map<string, number>>();
  let reported: Counts = new Map();
  let lost = 0;
  let began = now();
  let finishing = false;

  const rest = (): Interval => {
    const ended = now();
    const interval = {
      time: new Date(),
      ended,
      seconds: (ended - began) / 1000,
      counts: difference(totals, reported),
      lost,
      full: Array.from(totals, ([name, map]) => (map.size >= keys ? name : '')).filter((name) => name !== ''),
    };
    reported = new Map(Array.from(totals, ([name, map]) => [name, new Map(map)]));
    lost = 0;
    began = ended;
    return interval;
  };

  return {
    begin: () => {
      began = now();
    },
    finish: () => {
      finishing = true;
    },
    rest,
    add: (message) => {
      if (message.type === 'map') remember(message.data, totals);
      else if (message.type === 'lost') lost += message.data;
      else if (message.type === 'garbled') return garbled(message.data);
      else if (message.type === 'time' && !finishing) return rest();
      return null;
    },
  };
}

/** A missing key was not removed: reading a map during writes can miss an entry. */
function remember(data: Readonly<Record<string, unknown>>, totals: Map<string, Map<string, number>>): void {
  for (const [at, value] of Object.entries(data)) {
    const name = at.replace(/^@/, '');
    const map = totals.get(name) ?? new Map<string, number>();
    const entries =
      typeof value === 'object' && value !== null ? Object.entries(value) : [['', value] as const];
    for (const [key, count] of entries) if (typeof count === 'number') map.set(key, count);
    totals.set(name, map);
  }
}

/** Only increases. A total below the former one started again from 0. */
export function difference(totals: Counts, reported: Counts): Counts {
  const changed = new Map<string, ReadonlyMap<string, number>>();
  for (const [name, map] of totals) {
    const before = reported.get(name);
    const grown = Array.from(map, ([key, total]): [string, number] => {
      const former = before?.get(key) ?? 0;
      return [key, total < former ? total : total - former];
    }).filter(([, count]) => count > 0);
    if (grown.length > 0) changed.set(name, new Map(grown));
  }
  return changed;
}

const garbled = (line: string): Failure =>
  failure(
    'bpftrace-garbled',
    `the output of bpftrace could not be parsed: ${line.slice(0, 60)}`,
    'see docs/troubleshooting.md',
  );
