/** What the watchers of this network namespace know, for `status`, the live view and metrics. */
import { askControl } from '../system/control-socket.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { runningWatchers } from './scope.ts';
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
  /** One sentence for each watcher that does not answer. */
  readonly notes: readonly string[];
}

async function askAll<T>(
  netns: number,
  ask: string,
  from: (answer: unknown) => T | null,
): Promise<Answers<T>> {
  const notes: string[] = [];
  const orNote = async <T>(ask: () => Promise<T>): Promise<T | null> => {
    try {
      return await ask();
    } catch (error) {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      notes.push(`a watcher could not be asked: ${error.message}`);
      return null;
    }
  };
  if (process.geteuid?.() !== 0) return { answers: [], notes };
  const running = (await orNote(() => runningWatchers())) ?? [];
  const here = running.filter(({ scope }) => scope.netns === netns);
  const answers = await Promise.all(
    here.map(({ path }) => orNote(async () => from(await askControl(path, { ask })))),
  );
  return { answers: answers.filter((answer) => answer !== null), notes };
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
