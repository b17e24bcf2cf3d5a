/** Identifies a process by its pid and start time. */
import type { Files } from '../../system/types.ts';
import { startTimeOf } from '../settings/affinity.ts';
import type { Plan } from '../types.ts';

/** By the time a plan is applied, the pid may belong to another process. A captured tree has no processes. */
export function withStartTimes(plan: Plan, files: Files): Plan {
  return {
    ...plan,
    changes: plan.changes.map((change) => {
      const { target } = change;
      if (target.kind !== 'pin' && target.kind !== 'napi') return change;
      const tid = target.kind === 'pin' ? target.tid : target.pid;
      return { ...change, target: { ...target, startTime: startTimeOf(files, target.pid, tid) } };
    }),
  };
}
