/** What the watchers of this machine report, as events of the live view. */

import { changeText, detailsOf } from '../watch/event-text.ts';
import type { TimedEvent } from '../watch/service.ts';
import type { Events } from './events.ts';

/** Seconds between two questions. */
const SECONDS = 5;

/** More than the watchers have. */
const MOST_KNOWN = 1_000;

/** The watchers' newest events, the newest last. */
export type AskForEvents = () => Promise<readonly TimedEvent[]>;

/**
 * Asks in the background, so that no sample waits. Events from before the view began are not reported.
 * @param now milliseconds, and the same as ISO 8601
 */
export function followWatchers(
  ask: AskForEvents,
  report: Events['report'],
  now: () => { readonly ms: number; readonly time: string } = clock,
): { lookAgain(): Promise<void> } {
  const began = now().time;
  const known = new Set<string>();
  let due = now().ms;
  let running = false;
  return {
    lookAgain: async () => {
      if (running || now().ms < due) return;
      running = true;
      due = now().ms + SECONDS * 1000;
      try {
        for (const event of await ask()) {
          // One look finds several at the same moment.
          const key = JSON.stringify(event);
          if (event.time <= began || known.has(key)) continue;
          known.add(key);
          const details = detailsOf(event);
          report('change', `watch: ${changeText(event)}${details === '' ? '' : ` (${details})`}`);
        }
        for (const oldest of known) {
          if (known.size <= MOST_KNOWN) break;
          known.delete(oldest);
        }
      } finally {
        running = false;
      }
    },
  };
}

const clock = () => ({ ms: performance.now(), time: new Date().toISOString() });
