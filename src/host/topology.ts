/** The machine itself: name, kernel, CPUs, cores, NUMA nodes. */
import type { Files, System } from '../system/types.ts';
import type { Cpus } from './cpus.ts';
import type { Interrupts } from './interrupts.ts';
import { readIrqbalance } from './irqbalance.ts';
import { readIsolation } from './isolation.ts';
import type { Machine } from './types.ts';
import { readCpuList, readInteger, readLine } from './values.ts';

const cpuDirectory = '/sys/devices/system/cpu';
const nodeDirectory = '/sys/devices/system/node';

/** `interrupts` gives the online CPUs if the captured tree has no sysfs. */
export function readMachine(system: System, interrupts: Interrupts): Machine {
  const { files, kernel } = system;
  const online = readCpuList(files, `${cpuDirectory}/online`) ?? interrupts.cpus;
  return {
    hostname: readLine(files, '/proc/sys/kernel/hostname'),
    kernel: readLine(files, '/proc/sys/kernel/osrelease'),
    // /proc/sys/kernel/arch came with 6.1. Loading node:os takes 0.5 ms.
    arch:
      readLine(files, '/proc/sys/kernel/arch') ??
      (kernel ? process.getBuiltinModule('node:os').machine() : null),
    distro: parseOsRelease(files.text('/etc/os-release') ?? ''),
    cpus: {
      online,
      isolated: readCpuList(files, `${cpuDirectory}/isolated`) ?? [],
      isolation: readIsolation(files),
      smtSiblings: readSmtSiblings(files, online),
      numa: readNodes(files),
    },
    processor: null,
    memoryBytes: null,
    kernelThreads: null,
    irqbalance: readIrqbalance(system),
    rpsSockFlowEntries: readInteger(files, '/proc/sys/net/core/rps_sock_flow_entries'),
  };
}

/** PRETTY_NAME of os-release(5). */
export function parseOsRelease(text: string): string | null {
  return /^PRETTY_NAME=(["']?)(.+)\1\s*$/m.exec(text)?.[2] ?? null;
}

// One read per core instead of per CPU, and none if SMT is off.
function readSmtSiblings(files: Files, online: Cpus): readonly Cpus[] {
  if (readLine(files, `${cpuDirectory}/smt/active`) === '0') return [];
  const seen = new Set<number>();
  const cores: Cpus[] = [];
  for (const cpu of online) {
    if (seen.has(cpu)) continue;
    const topology = `${cpuDirectory}/cpu${cpu}/topology`;
    const siblings =
      readCpuList(files, `${topology}/thread_siblings_list`) ??
      readCpuList(files, `${topology}/core_cpus_list`) ??
      [];
    for (const sibling of siblings) seen.add(sibling);
    if (siblings.length > 1) cores.push(siblings);
  }
  return cores;
}

function readNodes(files: Files): Machine['cpus']['numa'] {
  return files
    .list(nodeDirectory)
    .flatMap((name) => {
      const node = /^node(\d+)$/.exec(name)?.[1];
      const cpus = node === undefined ? null : readCpuList(files, `${nodeDirectory}/${name}/cpulist`);
      return cpus ? [{ node: Number(node), cpus }] : [];
    })
    .sort((a, b) => a.node - b.node);
}
