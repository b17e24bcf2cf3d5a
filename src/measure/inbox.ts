/** Where callbacks put what one reader takes, in order. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Inbox<T> {
  put(item: T): void;
  /** null when nothing came for so long. */
  take(milliseconds: number): Promise<T | null>;
}

export function createInbox<T>(): Inbox<T> {
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
