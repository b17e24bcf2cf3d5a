/** Restores the terminal, however the view ends. */
import { writeSync } from 'node:fs';
import { isErrno } from '../src/system/errors.ts';

/** DECRST 2004 (bracketed paste), DECRST 1049 (alternate screen), DECTCEM (cursor), SGR 0. */
const RESTORE = '\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m';

/** Errors of a write to a terminal that is gone. */
const GONE = ['EIO', 'EPIPE', 'ENXIO', 'EBADF'];

/** Uses the system call, because it must work in any state of a process that is about to end. */
function restoreTerminal(): void {
  if (process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
  try {
    writeSync(1, RESTORE);
  } catch (error) {
    // The terminal is gone (SIGHUP), or its buffer is full; either way there is nobody to restore it for.
    if (!isErrno(error, 'EAGAIN', ...GONE)) throw error;
  }
}

export interface EndingWatch {
  /** What ended the view early; null while nothing has. */
  readonly ended: Promise<Ending>;
  /** Restores the previous handlers. */
  stop(): void;
}

export type Ending =
  | { readonly kind: 'signal'; readonly status: number }
  | { readonly kind: 'crash'; readonly error: unknown };

/** Exit status of a program that a signal ended: 128 plus its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Signals and crashes end the view instead of the process, so that the terminal and the children are cleaned up. */
export function watchForEnding(): EndingWatch {
  let end: (ending: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  const crashed = (error: unknown): void => end({ kind: 'crash', error });
  // The terminal was closed: the write may fail before SIGHUP arrives, and nobody can see a message.
  const gone = (error: unknown): void =>
    isErrno(error, ...GONE) ? end({ kind: 'signal', status: SIGNALS.SIGHUP }) : crashed(error);
  for (const stream of [process.stdin, process.stdout]) stream.on('error', gone);
  const handlers = Object.entries(SIGNALS).map(
    ([signal, status]) => [signal, () => end({ kind: 'signal', status })] as const,
  );
  for (const [signal, handler] of handlers) process.on(signal, handler);
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  // For any other end of the process; doing it twice does no harm.
  process.on('exit', restoreTerminal);
  return {
    ended,
    stop: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      process.off('uncaughtException', crashed);
      process.off('unhandledRejection', crashed);
      process.off('exit', restoreTerminal);
      for (const stream of [process.stdin, process.stdout]) stream.off('error', gone);
    },
  };
}

/** A last word after the view, if there is still a terminal. */
export function reportAtEnd(text: string): void {
  try {
    writeSync(2, text);
  } catch (error) {
    if (!isErrno(error, 'EAGAIN', ...GONE)) throw error;
  }
}
