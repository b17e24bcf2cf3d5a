/** Events between two samples. */
import type { LiveEvent } from './types.ts';

/** Most events of one sample; a busy server accepts thousands a second. */
const MOST_EVENTS = 200;

export interface Events {
  report(kind: LiveEvent['kind'], text: string): void;
  take(): LiveEvent[];
}

/** The latest events of a sample, and how many more there were. */
export function createEvents(): Events {
  let [events, more]: [LiveEvent[], number] = [[], 0];
  return {
    report: (kind, text) => {
      events.push({ time: new Date().toISOString(), kind, text });
      const accepts =
        events.length > 2 * MOST_EVENTS ? events.filter((event) => event.kind === 'accept') : [];
      if (accepts.length <= MOST_EVENTS) return;
      const dropped = new Set(accepts.slice(0, -MOST_EVENTS));
      more += dropped.size;
      events = events.filter((event) => !dropped.has(event));
    },
    take: () => {
      const taken = events;
      const time = taken[0]?.time ?? new Date().toISOString();
      const before: LiveEvent[] =
        more > 0 ? [{ time, kind: 'accept', text: `${more} more accepts before these` }] : [];
      [events, more] = [[], 0];
      return [...before, ...taken];
    },
  };
}
