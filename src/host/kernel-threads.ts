/**
 * Kernel threads that receive packets on a CPU of their own: those of cpumap, to which an XDP program hands packets
 * (kernel/bpf/cpumap.c), and ksoftirqd, which goes on where softirqs took too long (kernel/softirq.c).
 */
import type { Files } from '../system/types.ts';
import { formatCpuList } from './cpus.ts';
import type { KernelThread } from './types.ts';

/** `cpumap/3/map:7`: CPU and the id of its map, which a kernel before 5.17 may cut at 15 letters. */
const CPUMAP = /^cpumap\/(\d+)\//;
const KSOFTIRQD = /^ksoftirqd\/(\d+)$/;
/** USER_HZ, the unit of /proc/PID/stat. */
const TICKS = 100;

/** By CPU; each is bound to the one that its name tells. */
export function readKernelThreads(files: Files): readonly KernelThread[] {
  const found = files.list('/proc').flatMap((name): KernelThread[] => {
    if (!/^\d+$/.test(name)) return [];
    const comm = files.text(`/proc/${name}/comm`)?.trimEnd() ?? '';
    const cpumap = CPUMAP.exec(comm)?.[1];
    const cpu = cpumap ?? KSOFTIRQD.exec(comm)?.[1];
    if (cpu === undefined || !isOfKernel(files, name)) return [];
    const kind = cpumap === undefined ? 'ksoftirqd' : 'cpumap';
    return [{ kind, pid: Number(name), comm, cpu: Number(cpu), seconds: secondsOf(files, name) }];
  });
  return found.sort((a, b) => a.cpu - b.cpu || a.pid - b.pid);
}

/** Of kthreadd, which starts them all (include/linux/sched.h). */
const PF_KTHREAD = 0x0020_0000;

/** Pids of all kernel threads, by one file; empty where it is missing, or where process 2 is another one, as in a container. */
export function kernelThreadPids(files: Files): ReadonlySet<string> {
  if ((Number(statOf(files, '2')[6]) & PF_KTHREAD) === 0) return new Set();
  return new Set(files.text('/proc/2/task/2/children')?.trim().split(' ') ?? []);
}

/** Anybody can call a process so; only threads of the kernel have no command line, and kthreadd (2) for a parent. */
const isOfKernel = (files: Files, pid: string): boolean => parentOf(files, pid) === 2;

/** null if it is not known. */
export function parentOf(files: Files, pid: string): number | null {
  const parent = statOf(files, pid)[1];
  return parent === undefined ? null : Number(parent);
}

function secondsOf(files: Files, pid: string): number | null {
  const stat = statOf(files, pid);
  const ticks = Number(stat[11]) + Number(stat[12]);
  return Number.isFinite(ticks) ? ticks / TICKS : null;
}

/** Fields of /proc/PID/stat from the third on, after the name in parentheses. */
function statOf(files: Files, pid: string): readonly string[] {
  const stat = files.text(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Does an XDP program send packets to CPUs? On which interface is not known. */
export const hasCpuMap = (threads: readonly KernelThread[] | null): boolean =>
  (threads ?? []).some(({ kind }) => kind === 'cpumap');

/** What an XDP program that redirects to CPUs (a CPU map) does to the paths of packets; empty without one. */
export function cpuMapNotes(threads: readonly KernelThread[] | null): readonly string[] {
  const where = cpuMapCpus(threads);
  return where === null
    ? []
    : [
        `an XDP program sends packets to CPUs ${where} (a CPU map) before the kernel receives them. The paths and the expected ` +
          'locality here do not know which packets; behind a native redirect rxhash and queue are 0, and RPS moves ' +
          'packets again. `locality-tune xdp status` shows what is sent where',
      ];
}

/** What a measurement then counts as local. */
const COUNTED_AS_LOCAL = {
  /** By the CPU on which a packet's memory was allocated. */
  allocated:
    'In native mode their socket buffers are allocated there, so they read as local although the CPU of the queue filled the ' +
    'page; in generic mode those of a NIC are allocated on the CPU of the queue, so 1 in N reads as local although the right worker reads them',
  /** By the CPU that put a datagram into the queue of its socket. */
  delivered:
    'A datagram is local if it is read there; the CPU of the queue, which filled its page, is another one',
};

/** The same for a measurement. */
export function cpuMapMeasureNotes(
  threads: readonly KernelThread[] | null,
  by: keyof typeof COUNTED_AS_LOCAL,
): readonly string[] {
  const where = cpuMapCpus(threads);
  return where === null
    ? []
    : [`an XDP program sends packets to CPUs ${where} (a CPU map). ${COUNTED_AS_LOCAL[by]}`];
}

function cpuMapCpus(threads: readonly KernelThread[] | null): string | null {
  const cpus = (threads ?? []).filter(({ kind }) => kind === 'cpumap').map(({ cpu }) => cpu);
  return cpus.length === 0 ? null : formatCpuList([...new Set(cpus)].sort((a, b) => a - b));
}
