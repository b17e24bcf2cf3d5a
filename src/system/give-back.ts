/** What a daemon's start needed, given back to the kernel. */
import { native } from './native.ts';

/** It takes 30 to 80 ms of CPU time, so a daemon does it once when it has started, and then seldom. */
export const GIVE_BACK_MS = 600_000;

/**
 * Freed memory, and the pages of the program's own file that its start has used, of which later work needs a third.
 * V8's heap only with --expose-gc, as packages and units start daemons; what V8 collects by itself leaves 3 MB more.
 */
export function giveBack(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  native().trimMemory();
  native().forgetCode();
}
