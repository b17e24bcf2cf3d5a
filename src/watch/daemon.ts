/** The watcher on this machine: what it hears, how it sleeps, what it says. */
import { readDevices } from '../host/listeners.ts';
import { isFailure, isSystemError } from '../system/errors.ts';
import { createWakeUp } from '../system/wake-up.ts';
import type { LiveMachine } from '../use-cases/machine.ts';
import { type Listening, listen, type Source } from './listen.ts';
import type { Opened } from './live-machine.ts';
import { noticeOf } from './notices.ts';
import { filesOf } from './paths.ts';
import type { WatcherOptions } from './times.ts';
import type { Baseline } from './types.ts';
import { Watcher } from './watcher.ts';

export interface Reports {
  /** After each look at the machine. */
  looked(watcher: Watcher): void;
  /** The machine could not be read, or a repair could not be made, this time. */
  trouble(message: string): void;
}

export interface Daemon {
  readonly watcher: Watcher;
  readonly sources: readonly Source[];
  /** Looks at the machine, and repairs what it may. Throws SystemError, Failure. */
  look(): Promise<void>;
  /** Until the signal. Throws bugs only. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the machine as soon as possible. */
  wake(): void;
  /** Milliseconds since the look that is under way began; 0 between looks. */
  busyFor(): number;
}

const RETRY_MS = 5_000;

/** Hears from now on, but does nothing before `look` or `run`. */
export async function startDaemon(
  machine: LiveMachine,
  { machine: watched, baseline, programs }: Opened,
  options: WatcherOptions,
  { looked, trouble }: Reports,
): Promise<Daemon> {
  const watcher = new Watcher(watched, baseline, options);
  const sleeper = createWakeUp();
  const nameOf = (ifindex: number): string | null => readDevices(machine.files).get(ifindex) ?? null;
  let filesMayBeNew = true;
  // Listeners of TCP end with their processes; to hear of their sockets costs the kernel time for each connection.
  const listening = await listen(
    { files: [], sockets: baseline.sizes.size > 0 ? ['udp'] : [], ports: portsOf(baseline) },
    (heard) => {
      const notice = noticeOf(heard, nameOf);
      if (notice === null) return;
      if (notice.about === 'interface' || notice.about === 'machine') filesMayBeNew = true;
      watcher.hear(notice);
      sleeper.wake();
    },
  );
  const keep = keepListening(listening);
  const follow = (): void => {
    keep(watcher, filesMayBeNew);
    filesMayBeNew = false;
  };
  let began: number | null = null;
  return {
    watcher,
    look: async () => {
      await watcher.step();
      // Somebody is applying, and will be followed.
      if (watcher.seen === null) await watcher.check();
      follow();
    },
    busyFor: () => (began === null ? 0 : watched.now() - began),
    get sources() {
      const compared = programs();
      return compared === null ? listening.sources : [...listening.sources, compared];
    },
    wake: () => {
      watcher.hear({ about: 'anything' });
      sleeper.wake();
    },
    run: async (signal) => {
      try {
        while (!signal.aborted) {
          await sleeper.wait(Math.max(0, watcher.due - watched.now()), signal);
          if (signal.aborted || watched.now() < watcher.due) continue;
          try {
            began = watched.now();
            await watcher.step();
            follow();
            looked(watcher);
          } catch (error) {
            if (!isFailure(error) && !isSystemError(error)) throw error;
            trouble(error.message);
            began = null;
            watcher.hear({ about: 'machine' });
            await sleeper.wait(RETRY_MS, signal);
          } finally {
            began = null;
          }
        }
      } finally {
        listening.close();
      }
    },
  };
}

const portsOf = ({ sizes }: Baseline): number[] => [
  ...new Set([...sizes.keys()].map((id) => Number(/:(\d+)(?: group \d+)?$/.exec(id)?.[1]))),
];

/**
 * Interrupts get new numbers, interfaces come back, servers reload: what is listened to are the files and processes of the
 * latest look. `filesMayBeNew`: an interface that was created again has new files with the old names.
 */
function keepListening(listening: Listening): (watcher: Watcher, filesMayBeNew: boolean) => void {
  let known = '';
  return ({ seen }, filesMayBeNew) => {
    if (seen === null) return;
    const files = [...filesOf(seen).keys()];
    const workers = [...seen.generations.values()].flatMap((generation) => generation.workers);
    const pids = [...new Set(workers.map((worker) => Number(worker.split('/')[0])))];
    const text = [...files, ...pids].join();
    if (text === known && !filesMayBeNew) return;
    listening.setFiles(files);
    listening.setProcesses(pids);
    known = text;
  };
}
