/** How a command reacts to Ctrl-C, SIGTERM and the end of an ssh session. */
import { outliveOutput } from './output.ts';

/** Ctrl-C and SIGTERM end a measurement in order: what was counted so far is still printed. */
export function untilInterrupted(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  return abort.signal;
}

const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit status for the signal; null: not interrupted. */
  status(): number | null;
}

/**
 * From now on Ctrl-C, SIGTERM and the end of an ssh session let the current change finish, and then everything is
 * restored.
 */
export function heedInterruptions(): Interruption {
  const abort = new AbortController();
  let status: number | null = null;
  const interrupt = (exit: number): void => {
    status ??= exit;
    abort.abort();
  };
  // Not once: a second Ctrl-C would end the restoring.
  for (const [name, exit] of Object.entries(STATUS)) process.on(name, () => interrupt(exit));
  // The terminal of an ssh session may be gone before its SIGHUP arrives, or without one (nohup, setsid).
  outliveOutput(() => interrupt(STATUS.SIGHUP));
  return { signal: abort.signal, status: () => status };
}
