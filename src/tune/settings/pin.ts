/** The CPU affinity of a serving thread: sched_setaffinity(2). */
import { formatCpuList, parseCpuList } from '../../host/cpus.ts';
import { failure, isErrno } from '../../system/errors.ts';
import type { Files } from '../../system/types.ts';
import type { Target } from '../types.ts';
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
  read: async ({ kernel }, { tid }) => {
    try {
      return formatCpuList(kernel.affinity(tid));
    } catch (error) {
      if (isErrno(error, 'ESRCH')) return null;
      throw error;
    }
  },
  write: async ({ controls }, { tid }, value) => controls.setAffinity(tid, parseCpuList(value) ?? []),
  wanted: asGiven,
  same: (a, b) => parseCpuList(a)?.join() === parseCpuList(b)?.join(),
};

/** Field 22 of /proc/PID/task/TID/stat, in clock ticks since boot; null if there is no such thread. */
export function startTimeOf(files: Files, pid: number, tid: number): string | null {
  const stat = files.text(`/proc/${pid}/task/${tid}/stat`);
  // The second field is the thread's name in parentheses, which may itself contain spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
