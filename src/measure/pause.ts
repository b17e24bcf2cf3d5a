import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `seconds` are over, or the signal arrives. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
