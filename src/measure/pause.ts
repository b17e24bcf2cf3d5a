import { setTimeout as sleep } from 'node:timers/promises';

/** Until `seconds` are over, or the signal comes. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
