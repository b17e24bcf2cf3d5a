/** `attach --measure`: how local a group's traffic is, before and after. */

import {
  type BeforeAndAfter,
  type CountedGroup,
  countGroup,
  type LocalityCount,
} from '../measure/locality-counter.ts';
import { pause } from '../measure/pause.ts';
import { failure } from '../system/errors.ts';
import type { Progress } from './machine.ts';

/** Below this, a percentage is chance: 4 of 6 would look like a success. */
const LEAST = 20;

export interface Around {
  /** Seconds before and after the change. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * Runs `act` between two measurements of `seconds` each. `why`: what is wrong with the measurements, or why there are
 * none; the change is made anyway. Throws what `act` throws; Failure interrupted, before anything is changed.
 */
export async function measureAround<T>(
  group: CountedGroup,
  { seconds, signal, progress }: Around,
  act: () => Promise<T>,
): Promise<{ readonly result: T; readonly measured: BeforeAndAfter | null; readonly why: string | null }> {
  const counter = await countGroup(group);
  const counted = async (when: string): Promise<LocalityCount | null> => {
    const done = progress(`measuring ${seconds} s ${when} the change ...`);
    try {
      if ((await counter.take()) === null) return null;
      await pause(seconds, signal);
      return await counter.take();
    } finally {
      done();
    }
  };
  try {
    const before = await counted('before');
    if (signal.aborted)
      throw failure('interrupted', 'interrupted before anything was changed', 'run it again');
    const result = await act();
    const after = await counted('after');
    if (signal.aborted)
      return {
        result,
        measured: null,
        why: 'interrupted: the program stays attached, but there is nothing to compare',
      };
    if (before === null || after === null)
      return { result, measured: null, why: `nothing was measured: ${counter.why()}` };
    return { result, measured: { before, after }, why: tooLittle(before, after) };
  } finally {
    await counter.stop();
  }
}

function tooLittle(before: LocalityCount, after: LocalityCount): string | null {
  if (before.events >= LEAST && after.events >= LEAST) return null;
  return `too little traffic to compare: ${before.events} events before, ${after.events} after`;
}
