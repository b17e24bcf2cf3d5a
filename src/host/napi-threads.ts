/** Kernel threads that receive instead of the softirq: threaded NAPI (net/core/dev.c, napi_kthread_create). */
import type { NetdevNapi, NetdevQueue, System } from '../system/types.ts';
import { allowedCpus } from './affinity.ts';
import { parentOf } from './kernel-threads.ts';
import type { NapiThread, Nic } from './types.ts';

/** `napi/eth0-8193`: interface and NAPI instance. */
const COMM = /^napi\/(.+)-(\d+)$/;

export interface NapiProcess {
  readonly pid: number;
  readonly comm: string;
  readonly napi: number;
}

/** kthreadd, the parent of all threads of the kernel. */
const KTHREADD = 2;

/**
 * By interface name at the start of the thread. One pass over /proc. Anybody can call a process so, and then it would be
 * pinned instead of the thread: it must be one of the kernel, as far as its parent is known.
 */
export function findNapiThreads({ files }: System): ReadonlyMap<string, readonly NapiProcess[]> {
  const found = new Map<string, NapiProcess[]>();
  for (const name of files.list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const comm = files.text(`/proc/${name}/comm`)?.trimEnd() ?? '';
    const [, nic, napi] = COMM.exec(comm) ?? [];
    if (nic === undefined || napi === undefined) continue;
    if ((parentOf(files, name) ?? KTHREADD) !== KTHREADD) continue;
    const thread = { pid: Number(name), comm, napi: Number(napi) };
    found.set(nic, [...(found.get(nic) ?? []), thread]);
  }
  return found;
}

export interface NapiFacts {
  /** Threads called after the interface: also those of interfaces of the same name in other network namespaces. */
  readonly named: readonly NapiProcess[];
  readonly queues: readonly NetdevQueue[];
  /** The NIC's own instances; null if the kernel does not list them. */
  readonly napis: readonly NetdevNapi[] | null;
  /**
   * RX queues that were given their instances in ascending order, each one, though the kernel does not list them: veth
   * (drivers/net/veth.c, __veth_napi_enable_range). Otherwise empty.
   */
  readonly inOrder: readonly number[];
}

/**
 * The threads of a NIC with their queues and CPUs, by NAPI instance. The kernel names the thread of each instance
 * (napi-get, 6.8); before that only the thread's name does, and its queues are mostly not known.
 */
export function joinNapiThreads(
  system: System,
  { named, queues, napis, inOrder }: NapiFacts,
): readonly NapiThread[] {
  // Before 5.17 the kernel cuts names to 15 letters: then several threads seem to be of one instance.
  const listed =
    napis === null
      ? named.map(({ napi, pid }) => [napi, pid] as const)
      : napis.flatMap(({ id, pid }) => (pid === null ? [] : [[id, pid] as const]));
  const ofQueues = new Map(
    queues.flatMap(({ napiId, pid }) => (napiId === null || pid === null ? [] : [[napiId, pid] as const])),
  );
  const own = [...listed.filter(([napi]) => !ofQueues.has(napi)), ...ofQueues];
  const ordered = own.sort(([a], [b]) => a - b);
  const inTurn = ordered.length === inOrder.length;
  return ordered.map(([napi, pid], at) => {
    const of = (type: 'rx' | 'tx') =>
      queues.filter((queue) => queue.napiId === napi && queue.type === type).map(({ id }) => id);
    const comm = system.files.text(`/proc/${pid}/comm`)?.trimEnd() ?? null;
    const rx = inTurn ? inOrder.slice(at, at + 1) : of('rx');
    return { pid, comm, napi, rx, tx: of('tx'), cpus: allowedCpus(system, pid, pid) };
  });
}

/** The thread that receives for an RX queue; null without threads, and if it is not known which. */
export function napiThreadOf(
  { threadedNapi, napiThreads, rxQueues }: Pick<Nic, 'threadedNapi' | 'napiThreads' | 'rxQueues'>,
  queue: number,
): NapiThread | null {
  if (threadedNapi !== true || napiThreads === null) return null;
  const [only, another] = napiThreads;
  if (only !== undefined && another === undefined && rxQueues.length === 1) return only;
  return napiThreads.find(({ rx }) => rx.includes(queue)) ?? null;
}
