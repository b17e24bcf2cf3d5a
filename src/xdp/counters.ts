/** What a spread has counted since it was attached. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openProgram, programInfo, using } from '../system/bpf.ts';
import { SPORT_COUNTER } from './sport.ts';
import { COUNTER, perCpu, sum } from './spread-maps.ts';
import { type AttachedProgram, mapValue, withMapsOf } from './state.ts';

export interface CpuCount {
  readonly cpu: number;
  /** Packets that were redirected to it. */
  readonly spread: number;
  /** Those of them that ran there. */
  readonly arrived: number;
}

export interface SpreadCounters {
  /** The CPUs of the spread, and others that have counted. */
  readonly perCpu: readonly CpuCount[];
  readonly spread: number;
  readonly arrived: number;
  /**
   * `spread` minus `arrived`: lost in the queues of CPUs. Exact once the queues are empty; with traffic, the least of
   * several readings, so packets that wait are in it only if they wait each time.
   */
  readonly lost: number;
  /** Passed on as without the program. */
  readonly passed: { readonly fragments: number; readonly short: number; readonly noCpu: number };
}

const READINGS = 10;
const PAUSE_MS = 10;

/** Throws SystemError. @param possible number of possible CPUs */
export async function readCounters(
  { info }: AttachedProgram,
  cpus: readonly number[],
  possible: number,
): Promise<SpreadCounters | null> {
  if (info === null) return null;
  const read = () =>
    withMapsOf(info, (maps) => {
      const of = (counter: number) => perCpu(mapValue(maps, 'counters', counter, possible));
      // First, so that a packet between the two readings counts as waiting, not as more than there were.
      const arrived = of(COUNTER.arrived);
      const spread = arrived.map((_, cpu) => sum(perCpu(mapValue(maps, 'spread', cpu, possible))));
      const [fragments, short, noCpu] = [COUNTER.fragments, COUNTER.short, COUNTER.noCpu].map((each) =>
        sum(of(each)),
      );
      return { arrived, spread, passed: { fragments: fragments ?? 0, short: short ?? 0, noCpu: noCpu ?? 0 } };
    });
  let last = read();
  let lost = sum(last.spread) - sum(last.arrived);
  for (let reading = 1; reading < READINGS && lost > 0; reading++) {
    await sleep(PAUSE_MS);
    last = read();
    lost = Math.min(lost, sum(last.spread) - sum(last.arrived));
  }
  const { arrived, spread, passed } = last;
  return {
    perCpu: arrived.flatMap((count, cpu) => {
      const sent = spread[cpu] ?? 0;
      return cpus.includes(cpu) || count > 0 || sent > 0 ? [{ cpu, spread: sent, arrived: count }] : [];
    }),
    spread: sum(spread),
    arrived: sum(arrived),
    lost,
    passed,
  };
}

export interface SportCounters {
  readonly rewritten: number;
  /** Passed on as they are; `noPort`: every port that was tried belongs to another flow of the peer. */
  readonly passed: { readonly fragments: number; readonly short: number; readonly noPort: number };
}

/** Throws SystemError. @param possible number of possible CPUs */
export function readSportCounters({ info }: AttachedProgram, possible: number): SportCounters | null {
  if (info === null) return null;
  return withMapsOf(info, (maps) => {
    const of = (counter: number) => sum(perCpu(mapValue(maps, 'counters', counter, possible)));
    const { rewritten, fragments, short, noPort } = SPORT_COUNTER;
    const passed = { fragments: of(fragments), short: of(short), noPort: of(noPort) };
    return { rewritten: of(rewritten), passed };
  });
}

/** Answers that got the peer's own port since the filter was added. Throws SystemError. */
export const readRestored = (programId: number, possible: number): number =>
  withMapsOf(using(openProgram(programId), programInfo), (maps) =>
    sum(perCpu(mapValue(maps, 'restored', 0, possible))),
  );
