/** What an experiment switches, and how everything is as before afterwards. */
import type { PutBackChild } from './put-back.ts';
import type { Arm } from './types.ts';

export interface Switch {
  /** The arm that the machine is in before the experiment; null: neither. */
  readonly before: Arm | null;
  /** Throws Failure. */
  to(arm: Arm): Promise<void>;
  /** Everything as it was before. Resolves to what no longer exists, one sentence each. Throws Failure not-put-back. */
  putBack(): Promise<readonly string[]>;
  /** Starts the process that does the same if this one is killed. Throws Failure no-guard. */
  guard(): Promise<PutBackChild>;
}
