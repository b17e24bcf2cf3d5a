/** The CPUs of one thread, as settings read and write them. */
import { formatCpuList, parseCpuList } from '../../host/cpus.ts';
import { isErrno } from '../../system/errors.ts';
import type { Files, Kernel } from '../../system/types.ts';
import type { Access } from './setting.ts';

/** null: the thread has ended. */
export function affinityOf(kernel: Pick<Kernel, 'affinity'>, tid: number): string | null {
  try {
    return formatCpuList(kernel.affinity(tid));
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return null;
    throw error;
  }
}

export const setAffinityOf = (controls: Access['controls'], tid: number, value: string) =>
  controls.setAffinity(tid, parseCpuList(value) ?? []);

export const sameCpus = (a: string, b: string): boolean =>
  parseCpuList(a)?.join() === parseCpuList(b)?.join();

/** Field 22 of /proc/PID/task/TID/stat, in clock ticks since boot; null if there is no such thread. */
export function startTimeOf(files: Files, pid: number, tid: number): string | null {
  const stat = files.text(`/proc/${pid}/task/${tid}/stat`);
  // The second field is the thread's name in parentheses, which may itself contain spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
