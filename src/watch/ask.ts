/** What the watchers of this network namespace know, for `status` and the live view. */
import { askControl } from '../system/control-socket.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { runningWatchers } from './scope.ts';
import type { TimedEvent, WatcherState } from './service.ts';

export interface Watchers {
  readonly watchers: readonly WatcherState[];
  /** One sentence for each that does not answer. */
  readonly notes: readonly string[];
}

/** Only root may ask; for anybody else there are none. @param netns inode of the network namespace */
export async function askWatchers(netns: number): Promise<Watchers> {
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
  if (process.geteuid?.() !== 0) return { watchers: [], notes };
  const running = (await orNote(() => runningWatchers())) ?? [];
  const here = running.filter(({ scope }) => scope.netns === netns);
  const states = await Promise.all(
    here.map(({ path }) => orNote(async () => stateFrom(await askControl(path, { ask: 'state' })))),
  );
  return { watchers: states.filter((state) => state !== null), notes };
}

/** Another version may answer with less. */
function stateFrom(answer: unknown): WatcherState | null {
  const state: WatcherState = Object(answer);
  const isWhole =
    typeof state.pid === 'number' && typeof state.sentence === 'string' && Array.isArray(state.events);
  return isWhole ? state : null;
}

/** The newest events of all watchers, the newest last. */
export const newestEvents = ({ watchers }: Watchers, most: number): readonly TimedEvent[] =>
  watchers
    .flatMap(({ events }) => events)
    .toSorted((one, other) => one.time.localeCompare(other.time))
    .slice(-most);
