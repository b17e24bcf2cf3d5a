/** A queue that callbacks fill and one reader awaits. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface MessageQueue<T> {
  put(item: T): void;
  /** The oldest item; null if none arrives within `milliseconds`. */
  take(milliseconds: number): Promise<T | null>;
}

export function createMessageQueue<T>(): MessageQueue<T> {
  const items: T[] = [];
  let wake = (): void => {};
  return {
    put: (item) => {
      items.push(item);
      wake();
    },
    take: async (milliseconds) => {
      if (items.length === 0) {
        const timer = new AbortController();
        const filled = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([filled, sleep(milliseconds, undefined, { signal: timer.signal })]);
        timer.abort();
      }
      return items.shift() ?? null;
    },
  };
}
