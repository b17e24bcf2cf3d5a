/** Metrics of the running watchers: drift, its causes, repairs. */
import { ALL_KINDS } from '../tune/types.ts';
import type { CountedWatcher } from '../watch/ask.ts';
import { STATES } from '../watch/tally.ts';
import { Accumulator } from './accumulator.ts';
import type { Scrape } from './scrape.ts';

export class WatcherTotals {
  readonly #drift = new Accumulator();
  readonly #repairs = new Accumulator();
  /** Pid -> what it last answered. */
  #known: ReadonlyMap<number, CountedWatcher> = new Map();

  /** @param silent pids of those that run but did not answer in time: their last answers still count */
  add(scrape: Scrape, answers: readonly CountedWatcher[], silent: readonly number[]): void {
    const watchers = [...answers, ...silent.flatMap((pid) => this.#known.get(pid) ?? [])];
    this.#known = new Map(watchers.map((each) => [each.pid, each]));
    if (watchers.length === 0) return;
    scrape.add('watch_paused', {}, watchers.filter(({ paused }) => paused).length);
    scrape.add(
      'watch_given_up',
      {},
      watchers.reduce((sum, { givenUp }) => sum + givenUp, 0),
    );
    addSettings(scrape, watchers);
    this.#drift.update(
      watchers.flatMap(({ pid, drift }) =>
        drift.map(({ kind, culprit, count }) => {
          const total = `${kind} ${culprit}`;
          return [`${pid} ${total}`, total, count] as const;
        }),
      ),
    );
    this.#repairs.update(
      watchers.flatMap(({ pid, repairs }) =>
        repairs.map(({ kind, result, count }) => {
          const total = `${kind} ${result}`;
          return [`${pid} ${total}`, total, count] as const;
        }),
      ),
    );
    for (const [key, count] of this.#drift.totals) {
      const [kind = '', cause = ''] = key.split(' ');
      scrape.add('drift_events_total', { kind, cause }, count);
    }
    for (const [key, count] of this.#repairs.totals) {
      const [kind = '', result = ''] = key.split(' ');
      scrape.add('repairs_total', { kind, result }, count);
    }
  }
}

function addSettings(scrape: Scrape, watchers: readonly CountedWatcher[]): void {
  const settings = watchers.flatMap((watcher) => watcher.settings);
  const states = new Map<string, number>(STATES.map((state) => [state, 0]));
  // A kind of which nothing is watched has no drift either.
  const drift = new Map<string, number>(ALL_KINDS.map((kind) => [`${kind} `, 0]));
  for (const { kind, device, state, count } of settings) {
    states.set(state, (states.get(state) ?? 0) + count);
    const key = `${kind} ${device ?? ''}`;
    drift.set(key, (drift.get(key) ?? 0) + (state === 'drifted' ? count : 0));
  }
  for (const [state, count] of states) scrape.add('watched_settings', { state }, count);
  for (const [key, count] of drift) {
    const space = key.indexOf(' ');
    scrape.add('drift', { kind: key.slice(0, space), device: key.slice(space + 1) }, count);
  }
}
