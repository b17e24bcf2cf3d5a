/** Kernel threads that receive instead of the softirq: threaded NAPI (net/core/dev.c, napi_kthread_create). */
import type { NetdevQueue, System } from '../system/types.ts';
import { allowedCpus } from './affinity.ts';
import type { NapiThread } from './types.ts';

/** `napi/eth0-8193`: interface and NAPI instance. */
const COMM = /^napi\/(.+)-(\d+)$/;

export interface NapiProcess {
  readonly pid: number;
  readonly comm: string;
  readonly napi: number;
}

/** By interface name at the start of the thread. One pass over /proc. */
export function findNapiThreads({ files }: System): ReadonlyMap<string, readonly NapiProcess[]> {
  const found = new Map<string, NapiProcess[]>();
  for (const name of files.list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const comm = files.text(`/proc/${name}/comm`)?.trimEnd() ?? '';
    const [, nic, napi] = COMM.exec(comm) ?? [];
    if (nic === undefined || napi === undefined) continue;
    const thread = { pid: Number(name), comm, napi: Number(napi) };
    found.set(nic, [...(found.get(nic) ?? []), thread]);
  }
  return found;
}

/**
 * The threads of a NIC with their queues and CPUs, by NAPI instance. The kernel names the thread of each instance
 * (napi-get, 6.8); before that only the thread's name does, and its queues are not known.
 */
export function joinNapiThreads(
  system: System,
  named: readonly NapiProcess[],
  netdev: readonly NetdevQueue[],
): readonly NapiThread[] {
  const byNapi = new Map<number, { pid: number; comm: string | null }>();
  for (const { pid, comm, napi } of named) byNapi.set(napi, { pid, comm });
  for (const { napiId, pid } of netdev)
    if (napiId !== null && pid !== null && byNapi.get(napiId)?.pid !== pid)
      byNapi.set(napiId, { pid, comm: system.files.text(`/proc/${pid}/comm`)?.trimEnd() ?? null });
  return [...byNapi]
    .sort(([a], [b]) => a - b)
    .map(([napi, { pid, comm }]) => {
      const queues = (type: 'rx' | 'tx') =>
        netdev.filter((queue) => queue.napiId === napi && queue.type === type).map(({ id }) => id);
      return { pid, comm, napi, rx: queues('rx'), tx: queues('tx'), cpus: allowedCpus(system, pid, pid) };
    });
}
