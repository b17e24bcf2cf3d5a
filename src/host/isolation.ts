/** Isolated CPUs, and what isolates them: the kernel's command line, or cpusets. */
import type { Files } from '../system/types.ts';
import type { Isolation } from './types.ts';
import { readCpuList, readInteger, readLine } from './values.ts';

const cpuDirectory = '/sys/devices/system/cpu';
/** Mount points of cgroup v2, alone or next to v1. */
const UNIFIED = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
const CPUSET_V1 = '/sys/fs/cgroup/cpuset';
/** A partition is below its parent partition, so near the root, unlike pods and services by the thousand. */
const DEPTH = 3;
const MAX_GROUPS = 4_096;

/** In the order isolcpus, nohz_full, cpusets. [] if nothing is isolated, or a captured tree has none of it. */
export function readIsolation(files: Files): readonly Isolation[] {
  const boot = (source: 'isolcpus' | 'nohz_full', name: string): Isolation[] => {
    // Without any CPU, nohz_full contains ` (null)`.
    const cpus = readCpuList(files, `${cpuDirectory}/${name}`) ?? [];
    return cpus.length === 0 ? [] : [{ source, cpus, name: null }];
  };
  const unified = UNIFIED.find((root) => files.exists(`${root}/cgroup.controllers`));
  return [
    ...boot('isolcpus', 'isolated'),
    ...boot('nohz_full', 'nohz_full'),
    ...(unified === undefined ? [] : walk(files, unified, partition)),
    ...(files.exists(`${CPUSET_V1}/cpuset.cpus`) ? walk(files, CPUSET_V1, exclusive) : []),
  ];
}

type Look = (files: Files, path: string, name: string) => Isolation | null;

function walk(files: Files, root: string, look: Look): Isolation[] {
  const found: Isolation[] = [];
  let level = [''];
  let left = MAX_GROUPS;
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
    const below = level.flatMap((group) => groupsIn(files, root, group)).slice(0, left);
    left -= below.length;
    for (const group of below) {
      const isolation = look(files, `${root}${group}`, group);
      if (isolation !== null) found.push(isolation);
    }
    level = below;
  }
  return found;
}

/** The files of a controller begin with its name; so may a unit. */
const ATTRIBUTE =
  /^(?:cgroup|cpuset|cpu|memory|io|pids|misc|rdma|hugetlb|irq|dmem)\.(?!(?:slice|scope|service)$)/;

/** A group is a directory: only groups have a list of their processes. */
const groupsIn = (files: Files, root: string, group: string): string[] =>
  files
    .list(`${root}${group}`)
    .filter((name) => !ATTRIBUTE.test(name))
    .map((name) => `${group}/${name}`)
    .filter((path) => files.exists(`${root}${path}/cgroup.procs`))
    .sort();

/** cgroup v2, `cpuset.cpus.partition`: root, isolated, or `… invalid (reason)`, which sets nothing apart. */
function partition(files: Files, path: string, name: string): Isolation | null {
  const kind = readLine(files, `${path}/cpuset.cpus.partition`);
  if (kind !== 'root' && kind !== 'isolated') return null;
  const cpus =
    readCpuList(files, `${path}/cpuset.cpus.exclusive.effective`) ??
    readCpuList(files, `${path}/cpuset.cpus.effective`) ??
    [];
  return cpus.length === 0
    ? null
    : { source: kind === 'isolated' ? 'cpuset-isolated' : 'cpuset', cpus, name };
}

/** cgroup v1, `cpuset.cpu_exclusive`. */
function exclusive(files: Files, path: string, name: string): Isolation | null {
  if (readInteger(files, `${path}/cpuset.cpu_exclusive`) !== 1) return null;
  const cpus = readCpuList(files, `${path}/cpuset.cpus`) ?? [];
  const unbalanced = readInteger(files, `${path}/cpuset.sched_load_balance`) === 0;
  return cpus.length === 0 ? null : { source: unbalanced ? 'cpuset-isolated' : 'cpuset', cpus, name };
}
