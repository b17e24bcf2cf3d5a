/** `attach --measure`: how local a group's traffic is, before and after. */
import {
  type Measured,
  type WatchedGroup,
  type Witness,
  type Witnessed,
  watchGroup,
} from '../../measure/witness.ts';
import { failure } from '../errors.ts';
import { progress } from '../output.ts';
import { pause, untilInterrupted } from '../signals.ts';

/** Below that a percentage is chance: 4 of 6 would look like a success. */
const LEAST = 20;
const INTERRUPTED = 130;

/**
 * Runs `act` between two measurements of `seconds` each. `why`: what is wrong with them, or why there are none; that
 * is no reason to leave the change undone. Throws what `act` throws; CliError interrupted, before anything was changed.
 */
export async function measureAround<T>(
  group: WatchedGroup,
  seconds: number,
  act: () => Promise<T>,
): Promise<{ readonly result: T; readonly measured: Measured | null; readonly why: string | null }> {
  const signal = untilInterrupted();
  const witness = await watchGroup(group);
  try {
    const before = await during(witness, seconds, signal, `measuring ${seconds} s before the change ...`);
    if (signal.aborted)
      throw failure('interrupted', 'interrupted before anything was changed', null, INTERRUPTED);
    const result = await act();
    const after = await during(witness, seconds, signal, `measuring ${seconds} s after the change ...`);
    if (before === null || after === null)
      return { result, measured: null, why: `nothing was measured: ${witness.why()}` };
    return { result, measured: { before, after }, why: tooLittle(before, after) };
  } finally {
    await witness.stop();
  }
}

async function during(
  witness: Witness,
  seconds: number,
  signal: AbortSignal,
  what: string,
): Promise<Witnessed | null> {
  const done = progress(what);
  try {
    if ((await witness.mark()) === null) return null;
    await pause(seconds, signal);
    return await witness.mark();
  } finally {
    done();
  }
}

function tooLittle(before: Witnessed, after: Witnessed): string | null {
  if (before.events >= LEAST && after.events >= LEAST) return null;
  return `too little traffic to tell: ${before.events} before, ${after.events} after`;
}
