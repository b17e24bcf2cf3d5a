/** A wait that can be ended early. */

export interface WakeUp {
  wake(): void;
  /** Waits until it is woken, at most `milliseconds`. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let wake = (): void => {};
  return {
    wake: () => wake(),
    wait: async (milliseconds, signal) => {
      const timer = createTimer(milliseconds);
      const rung = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const abort = (): void => wake();
      signal.addEventListener('abort', abort);
      if (!signal.aborted) await Promise.race([rung, timer.over]);
      signal.removeEventListener('abort', abort);
      timer.cancel();
    },
  };
}

export function createTimer(milliseconds: number): { readonly over: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return { over, cancel: () => clearTimeout(timer) };
}
