/** The CPU affinity of a serving thread: sched_setaffinity(2). */
import { failure } from '../../system/errors.ts';
import type { Target } from '../types.ts';
import { affinityOf, sameCpus, setAffinityOf, startTimeOf } from './affinity.ts';
import { asGiven, type Setting } from './setting.ts';

export type PinTarget = Extract<Target, { readonly kind: 'pin' }>;

export const pin: Setting<PinTarget> = {
  find: async ({ files }, target) => {
    const { pid, tid, comm, startTime } = target;
    const now = startTimeOf(files, pid, tid);
    if (now !== null && (startTime === null || startTime === now)) return { ...target, startTime: now };
    throw failure(
      'gone',
      now === null
        ? `thread ${tid} of ${pid} (${comm}) has ended`
        : `${tid} is another thread now; ${comm} has ended`,
      'the server decides the affinity of its successor',
    );
  },
  read: async ({ kernel }, { tid }) => affinityOf(kernel, tid),
  write: async ({ controls }, { tid }, value) => setAffinityOf(controls, tid, value),
  wanted: asGiven,
  same: sameCpus,
};
