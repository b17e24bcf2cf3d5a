/** Which process a pid was, told by when it started. */
import type { Files } from '../../system/types.ts';
import { startTimeOf } from '../settings/pin.ts';
import type { Plan } from '../types.ts';

/** A pid may be another process's by the time a plan is applied. In a captured tree there is nobody to tell apart. */
export function withStartTimes(plan: Plan, files: Files): Plan {
  return {
    ...plan,
    changes: plan.changes.map((change) => {
      const { target } = change;
      if (target.kind !== 'pin') return change;
      return { ...change, target: { ...target, startTime: startTimeOf(files, target.pid, target.tid) } };
    }),
  };
}
