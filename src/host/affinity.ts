/** The CPUs on which a thread may run. */
import { errnoCode } from '../system/errors.ts';
import type { System } from '../system/types.ts';
import { type Cpus, parseCpuList } from './cpus.ts';

/** sched_getaffinity, or Cpus_allowed_list of a captured tree. null if the thread has ended or was not captured. */
export function allowedCpus({ files, kernel }: System, pid: number, tid: number): Cpus | null {
  if (kernel === null) {
    const status = files.text(`/proc/${pid}/task/${tid}/status`) ?? '';
    const list = /^Cpus_allowed_list:\s*(\S*)$/m.exec(status)?.[1];
    return list === undefined ? null : parseCpuList(list);
  }
  try {
    return kernel.affinity(tid);
  } catch (error) {
    if (errnoCode(error) === 'ESRCH') return null;
    throw error;
  }
}
