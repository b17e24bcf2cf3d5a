/** What the watchers of this network namespace know, for `status`, the live view and metrics. */
import { askControl } from '../system/control-socket.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { type RunningWatcher, runningWatchers } from './scope.ts';
import type { TimedEvent, WatcherState } from './service.ts';
import type { WatchCounters } from './tally.ts';

export interface Watchers {
  readonly watchers: readonly WatcherState[];
  /** One sentence for each that does not answer. */
  readonly notes: readonly string[];
}

/** Only root may ask; for anybody else there are none. @param netns inode of the network namespace */
export async function askWatchers(netns: number): Promise<Watchers> {
  const { answers, notes } = await askAll(netns, 'state', stateFrom);
  return { watchers: answers, notes };
}

/** What a watcher has counted, and its pid. */
export interface CountedWatcher extends WatchCounters {
  readonly pid: number;
}

/** As `askWatchers`. */
export const askCounters = (netns: number): Promise<Answers<CountedWatcher>> =>
  askAll(netns, 'counters', countersFrom);

export interface Answers<T> {
  readonly answers: readonly T[];
  /** Pids of the watchers that do not answer, perhaps of other network namespaces. */
  readonly silent: readonly number[];
  /** One sentence for each of them. */
  readonly notes: readonly string[];
}

async function askAll<T>(
  netns: number,
  ask: string,
  from: (answer: unknown) => T | null,
): Promise<Answers<T>> {
  const silent: number[] = [];
  const notes: string[] = [];
  const note = ({ message }: Error): void => {
    notes.push(`a watcher could not be asked: ${message}`);
  };
  if (process.geteuid?.() !== 0) return { answers: [], silent, notes };
  const running = await runningWatchers().catch((error: unknown) => {
    if (!isSystemError(error)) throw error;
    note(error);
    return { answering: [], silent: [] };
  });
  const missed = (pid: number, error: Error): null => {
    silent.push(pid);
    note(error);
    return null;
  };
  for (const { pid, error } of running.silent) missed(pid, error);
  const here = running.answering.filter(({ scope }) => scope.netns === netns);
  const askOne = async ({ pid, path }: RunningWatcher): Promise<T | null> => {
    try {
      return from(await askControl(path, { ask }));
    } catch (error) {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      return missed(pid, error);
    }
  };
  const answers = await Promise.all(here.map(askOne));
  return { answers: answers.filter((answer) => answer !== null), silent, notes };
}

/** Another version may answer with less. */
function stateFrom(answer: unknown): WatcherState | null {
  const state: WatcherState = Object(answer);
  const isWhole =
    typeof state.pid === 'number' && typeof state.sentence === 'string' && Array.isArray(state.events);
  return isWhole ? state : null;
}

function countersFrom(answer: unknown): CountedWatcher | null {
  const counters: CountedWatcher = Object(answer);
  const isWhole =
    typeof counters.pid === 'number' &&
    Array.isArray(counters.drift) &&
    Array.isArray(counters.repairs) &&
    Array.isArray(counters.settings);
  return isWhole ? counters : null;
}

/** The newest events of all watchers, the newest last. */
export const newestEvents = ({ watchers }: Watchers, most: number): readonly TimedEvent[] =>
  watchers
    .flatMap(({ events }) => events)
    .toSorted((one, other) => one.time.localeCompare(other.time))
    .slice(-most);
