/** What the commands that go on until they are interrupted have in common. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clean } from '../report/text.ts';
import { say } from './output.ts';

/** Ctrl-C and SIGTERM end a measurement in good order: what was counted so far is still printed. */
export function untilInterrupted(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  return abort.signal;
}

/** Prints each sentence to stderr the first time it comes: a document repeats its notes, a screen need not. */
export function createTeller(): (notes: readonly string[]) => void {
  const told = new Set<string>();
  return (notes) => {
    for (const note of notes)
      if (!told.has(note)) {
        told.add(note);
        say(`note: ${clean(note, true)}\n`);
      }
  };
}

/** Until `seconds` are over, or the signal comes. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Measured seconds as documents show them. */
export const toMilliseconds = (seconds: number): number => Math.round(1000 * seconds) / 1000;
