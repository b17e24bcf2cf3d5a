/**
 * A number of the user's own for each round: what a command prints that runs during the round, such as a load generator, or
 * what a URL answers at its end, such as a server's own percentile.
 */
import { isFailure, isSystemError } from '../system/errors.ts';
import { run } from '../system/run.ts';
import { parseNumber } from './parse.ts';

export type NumberSource =
  /** A program by its path, or a name in the folders of the system, and its arguments; no shell. */
  | { readonly kind: 'command'; readonly words: readonly [string, ...string[]] }
  | { readonly kind: 'url'; readonly url: string };

export interface OwnNumber {
  /** At the beginning of the measured part. Resolves to the number after its end; null: there was none. */
  begin(seconds: number, signal: AbortSignal): () => Promise<number | null>;
  /** Rounds without a number, and why. */
  notes(): readonly string[];
}

const URL_LIMIT_MS = 2_000;
/** A number has fewer. */
const MOST_CHARACTERS = 4_096;

export function ownNumber(source: NumberSource): OwnNumber {
  const failures: string[] = [];
  const known = async (answer: Promise<string>): Promise<number | null> => {
    try {
      const text = await answer;
      const value = parseNumber(text);
      if (value === null) failures.push(`it gave ${JSON.stringify(text.trim().slice(0, 40))}`);
      return value;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
      return null;
    }
  };
  return {
    begin: (seconds, signal) => {
      if (source.kind === 'url') return () => known(answerOf(source.url, signal));
      const answer = known(outputOf(source.words, seconds, signal));
      return () => answer;
    },
    notes: () =>
      failures.length === 0
        ? []
        : [
            `--${source.kind} gave no number ${failures.length === 1 ? 'once' : `${failures.length} times`}: ${failures[0]}`,
          ],
  };
}

async function outputOf(
  [file, ...args]: readonly [string, ...string[]],
  seconds: number,
  signal: AbortSignal,
): Promise<string> {
  try {
    const {
      code,
      signal: by,
      stdout,
      timedOut,
    } = await run(file, args, { timeoutMs: 1000 * seconds, signal });
    if (timedOut) throw new Error(`it took longer than the ${seconds} s of a round`);
    if (code !== 0) throw new Error(`it ended with ${code ?? by}`);
    return stdout.slice(0, MOST_CHARACTERS);
  } catch (error) {
    if (isSystemError(error) || isFailure(error))
      throw new Error(`${file} could not be started: ${error.code}`);
    throw error;
  }
}

async function answerOf(url: string, signal: AbortSignal): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(URL_LIMIT_MS)]);
  try {
    const response = await fetch(url, { signal: limit, redirect: 'error' });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return (await response.text()).slice(0, MOST_CHARACTERS);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw cause instanceof Error && cause.name === 'TimeoutError'
      ? new Error(`no answer within ${URL_LIMIT_MS / 1000} s`)
      : cause;
  }
}
