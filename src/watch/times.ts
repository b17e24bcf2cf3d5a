/** How often a watcher looks, and what it may repair. */
import type { PolicyOptions } from './policy.ts';

export interface WatcherOptions {
  readonly policy: PolicyOptions;
  /** The machine is read at least so often. */
  readonly fullMs: number;
  /** The pulse is read at least so often. */
  readonly pulseMs: number;
  /** Slots and programs are read at least so often: not every kernel lets a change of a program be seen otherwise. */
  readonly slotsMs: number;
  /** After a notice, more are awaited for this time. */
  readonly gatherMs: number;
  /** Slots and programs are read so often in a row, */
  readonly slotReads: number;
  /** and once more each time that this has passed: a server that opens and closes sockets all day costs 2 % of a CPU at most. */
  readonly slotReadMs: number;
}

export const TIMES: Omit<WatcherOptions, 'policy'> = {
  fullMs: 30_000,
  pulseMs: 2_000,
  slotsMs: 600_000,
  gatherMs: 200,
  slotReads: 30,
  slotReadMs: 60_000,
};
