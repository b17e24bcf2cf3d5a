/** The CPU affinity of a NIC's NAPI thread: sched_setaffinity(2). */
import { failure } from '../../system/errors.ts';
import type { Target } from '../types.ts';
import { affinityOf, sameCpus, setAffinityOf, startTimeOf } from './affinity.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting } from './setting.ts';

export const napi: Setting<Extract<Target, { readonly kind: 'napi' }>> = {
  find: async (access, target) => {
    const { files } = access;
    const { nic, queues, pid, startTime, comm } = target;
    requireInterface(files, nic);
    const now = startTimeOf(files, pid, pid);
    const same = now !== null && (startTime === null || startTime === now);
    // A saved plan knows no start time, but the name of a thread of the kernel.
    if (same && files.text(`/proc/${pid}/comm`)?.trimEnd() === comm) return { ...target, startTime: now };
    // Threads end with their NAPI instances, which an interface creates again when it comes up.
    const own = (await access.nic(nic))?.napiThreads ?? [];
    const found = own.find(({ rx }) => rx.length > 0 && rx.join() === queues.join());
    if (found === undefined)
      throw failure(
        'gone',
        `${nic} no longer has a NAPI thread for rx ${queues.join(', ')}`,
        `see /sys/class/net/${nic}/threaded`,
      );
    return {
      ...target,
      pid: found.pid,
      startTime: startTimeOf(files, found.pid, found.pid),
      comm: found.comm ?? '',
      napi: found.napi,
    };
  },
  read: async ({ kernel }, { pid }) => affinityOf(kernel, pid),
  write: async ({ controls }, { pid }, value) => setAffinityOf(controls, pid, value),
  wanted: asGiven,
  same: sameCpus,
};
