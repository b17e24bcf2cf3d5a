/** What our XDP programs of this network namespace do, by their counters. Which there are is looked up every few seconds. */
import { type Attached, readAttached, readPackets } from '../balance/state.ts';
import { isSystemError } from '../system/errors.ts';
import type { Files } from '../system/types.ts';
import { readSportCounters } from '../xdp/counters.ts';
import { possibleCpus } from '../xdp/situation.ts';
import { COUNTER, perCpu, sum } from '../xdp/spread-maps.ts';
import { type AttachedProgram, mapValue, withMapsOf, xdpStates } from '../xdp/state.ts';
import type { Sample, XdpFigure } from './types.ts';

const SECONDS = 5;

export interface XdpWatch {
  /** Since the last call. */
  take(): Pick<Sample, 'xdp'>;
}

interface Known {
  readonly nic: string;
  readonly command: XdpFigure['command'];
  readonly id: number;
  readonly read: () => Counts;
}

/** Packets since it was attached. */
interface Counts {
  readonly total: number;
  readonly parts: ReadonlyMap<string, number>;
  /** Of a spread: given to CPUs, and not arrived there yet. */
  readonly missing: number | null;
}

export function watchXdp(files: Files): XdpWatch {
  // The tables of programs are open to root only.
  if (process.geteuid?.() !== 0) return { take: () => ({}) };
  let known: readonly Known[] = [];
  let before = new Map<number, { readonly at: number; readonly counts: Counts }>();
  let [lookedAt, looking] = [Number.NEGATIVE_INFINITY, false];
  const look = async (): Promise<void> => {
    looking = true;
    known = await programsHere(possibleCpus(files)).catch(ignoreRefusal);
    [lookedAt, looking] = [performance.now(), false];
  };
  return {
    take: () => {
      if (!looking && performance.now() - lookedAt > 1000 * SECONDS) void look();
      const now = new Map<number, { readonly at: number; readonly counts: Counts }>();
      const figures = known.flatMap((program): readonly XdpFigure[] => {
        const counts = attempt(program.read);
        if (counts === null) return [];
        const at = performance.now();
        now.set(program.id, { at, counts });
        return [figureOf(program, { at, counts }, before.get(program.id) ?? null)];
      });
      before = now;
      return figures.length === 0 ? {} : { xdp: figures };
    },
  };
}

function ignoreRefusal(error: unknown): readonly Known[] {
  if (isSystemError(error)) return [];
  throw error;
}

/** null: the program has gone since. */
function attempt(read: () => Counts): Counts | null {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

type Reading = { readonly at: number; readonly counts: Counts };

function figureOf({ nic, command }: Known, now: Reading, was: Reading | null): XdpFigure {
  const seconds = was === null ? 0 : (now.at - was.at) / 1000;
  const rate = (after: number, earlier: number | undefined): number | null =>
    earlier === undefined || after < earlier || seconds <= 0 ? null : Math.round((after - earlier) / seconds);
  const { total, parts, missing } = now.counts;
  return {
    nic,
    command,
    pps: rate(total, was?.counts.total),
    parts: Array.from(parts, ([name, packets]) => ({
      name,
      pps: rate(packets, was?.counts.parts.get(name)),
    })),
    // What only waits now did not wait a moment ago as well.
    lost: missing === null ? null : Math.max(0, Math.min(missing, was?.counts.missing ?? missing)),
  };
}

async function programsHere(possible: number): Promise<readonly Known[]> {
  return (await xdpStates()).flatMap(({ name, programs: [program] }): readonly Known[] => {
    const read = program === undefined ? null : readerOf(program, possible);
    if (program?.own == null || read === null) return [];
    return [{ nic: name, command: program.own.command, id: program.programId, read }];
  });
}

function readerOf(program: AttachedProgram, possible: number): (() => Counts) | null {
  const { own, info } = program;
  if (own === null || info === null) return null;
  switch (own.command) {
    case 'balance': {
      const attached = readAttached(program, possible);
      return attached && (() => balanceCounts(program, attached, possible));
    }
    case 'sport':
      return () => ({
        total: readSportCounters(program, possible)?.rewritten ?? 0,
        parts: new Map(),
        missing: null,
      });
    case 'spread':
      return () => spreadCounts(program, possible);
  }
}

/** A backend may serve several VIPs. */
function balanceCounts({ info }: AttachedProgram, attached: Attached, possible: number): Counts {
  const parts = new Map<string, number>();
  for (const { address, packets } of info === null ? [] : readPackets(info, attached, possible))
    parts.set(address, (parts.get(address) ?? 0) + packets);
  return { total: sum([...parts.values()]), parts, missing: null };
}

function spreadCounts({ info }: AttachedProgram, possible: number): Counts {
  if (info === null) return { total: 0, parts: new Map(), missing: null };
  return withMapsOf(info, (maps) => {
    const arrived = perCpu(mapValue(maps, 'counters', COUNTER.arrived, possible));
    const given = sum(arrived.map((_, cpu) => sum(perCpu(mapValue(maps, 'spread', cpu, possible)))));
    const parts = arrived.flatMap((count, cpu) => (count > 0 ? [[`CPU ${cpu}`, count] as const] : []));
    return { total: given, parts: new Map(parts), missing: given - sum(arrived) };
  });
}
