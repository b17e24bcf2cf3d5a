/** The watcher as a service: it answers questions, tells the service manager how it is, and stops as it was asked to. */

import type { ControlServer } from '../system/control-socket.ts';
import { failure } from '../system/errors.ts';
import { packageVersion } from '../system/package.ts';
import { type Environment, openNotifier, watchdogMs } from '../system/service-manager.ts';
import type { Daemon } from './daemon.ts';
import { serveWatcher, type WatcherScope } from './scope.ts';
import { type Summary, sentence } from './summary.ts';
import type { Observed, WatchEvent } from './types.ts';

/** An event with its time, ISO 8601. */
export interface TimedEvent extends WatchEvent {
  readonly time: string;
}

/** What a running watcher answers to `{"ask":"state"}`. */
export interface WatcherState {
  readonly pid: number;
  readonly version: string;
  /** ISO 8601. */
  readonly started: string;
  readonly baseline: string;
  readonly repairs: readonly string[];
  readonly sentence: string;
  readonly summary: Omit<Summary, 'drifted'> & { readonly drifted: readonly Drifted[] };
  /** The newest last, at most 200. */
  readonly events: readonly TimedEvent[];
}

/** Without what is ours alone. */
type Drifted = Omit<Observed, 'target' | 'owner'>;

const MOST_EVENTS = 200;

/** A look that takes so long hangs: the service manager may kill it. */
const HANGS_MS = 120_000;

export class EventLog {
  readonly #events: TimedEvent[] = [];

  add(event: TimedEvent): void {
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
  }

  get all(): readonly TimedEvent[] {
    return [...this.#events];
  }
}

export interface ServiceOptions {
  readonly scope: WatcherScope;
  /** Kinds that are repaired. */
  readonly repairs: readonly string[];
  readonly log: EventLog;
  readonly environment: Environment;
}

export interface Service {
  /** After each look: the sentence of `systemctl status`. */
  tell(): void;
  reloading(): void;
  reloaded(): void;
  /** The last sentence; nobody is answered any more. */
  stop(): Promise<void>;
}

/** The local time of a moment of performance.now(), `14:02`, by the clock as it is set now: at boot it may be years behind. */
export const clockTime = (at: number): string =>
  new Date(Date.now() - (performance.now() - at)).toTimeString().slice(0, 5);

/** Throws Failure `busy` if another watcher has a part of the scope. */
export async function serve(
  daemon: () => Daemon,
  { scope, repairs, log, environment }: ServiceOptions,
): Promise<Service> {
  const started = new Date().toISOString();
  const state = (): WatcherState => {
    const { watcher } = daemon();
    const summary = watcher.summary();
    return {
      pid: process.pid,
      version: packageVersion(),
      started,
      baseline: watcher.baseline.source,
      repairs,
      sentence: sentence(summary, clockTime),
      summary: { ...summary, drifted: summary.drifted.map(({ target: _, owner: __, ...each }) => each) },
      events: log.all,
    };
  };
  const control: ControlServer = await serveWatcher(scope, (request) => answer(request, daemon, state));
  const notifier = openNotifier(environment);
  const interval = watchdogMs(environment, process.pid);
  const timer =
    interval === null
      ? undefined
      : setInterval(() => {
          if (daemon().busyFor() < HANGS_MS) notifier?.alive();
        }, interval / 2).unref();
  let last = '';
  return {
    tell: () => {
      const text = state().sentence;
      if (last === '') notifier?.ready(text);
      else if (text !== last) notifier?.status(text);
      last = text;
    },
    reloading: () => notifier?.reloading(),
    reloaded: () => {
      last = state().sentence;
      notifier?.ready(last);
    },
    stop: async () => {
      clearInterval(timer);
      notifier?.stopping(state().sentence);
      await control.close();
    },
  };
}

function answer(request: unknown, daemon: () => Daemon, state: () => WatcherState): unknown {
  const { ask, seconds } = Object(request);
  switch (ask) {
    case 'state':
      return state();
    case 'counters':
      return { pid: process.pid, ...daemon().watcher.counters() };
    case 'check':
      daemon().wake();
      return null;
    case 'pause':
      if (typeof seconds !== 'number' || !(seconds > 0)) break;
      daemon().watcher.pause(seconds * 1000);
      return state();
    case 'resume':
      daemon().watcher.resume();
      daemon().wake();
      return state();
  }
  throw failure(
    'bad-request',
    `a watcher does not know the request ${JSON.stringify(request)}`,
    'see docs/watching.md',
  );
}
