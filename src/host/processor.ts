/** The CPU model and caches, only from files. Locality helps by what stays in the caches. */
import type { Files } from '../system/types.ts';
import type { Cpus } from './cpus.ts';
import type { Processor } from './types.ts';
import { readInteger, readLine } from './values.ts';

const CPUS = '/sys/devices/system/cpu';

/** null if the files say nothing about the CPUs, as in a captured tree without them. */
export function readProcessor(files: Files, online: Cpus): Processor | null {
  const packages = online.map((cpu) => readLine(files, `${CPUS}/cpu${cpu}/topology/physical_package_id`));
  const cores = online.map((cpu) => readLine(files, `${CPUS}/cpu${cpu}/topology/thread_siblings_list`));
  const caches = readCaches(files, online);
  const processor: Processor = {
    model: parseModel(files.text('/proc/cpuinfo') ?? ''),
    sockets: countDistinct(packages),
    cores: countDistinct(cores),
    l2Bytes: caches.get(2) ?? null,
    l3Bytes: caches.get(3) ?? null,
  };
  return Object.values(processor).every((fact) => fact === null) ? null : processor;
}

/** null if none of them is known. */
function countDistinct(values: readonly (string | null)[]): number | null {
  return new Set(values.filter((value) => value !== null)).size || null;
}

/** Bytes of each level, summed over all instances as `lscpu` does: CPUs that share a cache show one list. */
function readCaches(files: Files, online: Cpus): ReadonlyMap<number, number> {
  const bytes = new Map<number, number>();
  const seen = new Set<string>();
  for (const cpu of online)
    for (const name of files.list(`${CPUS}/cpu${cpu}/cache`)) {
      const cache = `${CPUS}/cpu${cpu}/cache/${name}`;
      const level = readInteger(files, `${cache}/level`);
      const size = parseSize(readLine(files, `${cache}/size`) ?? '');
      if (level === null || level < 2 || size === null) continue;
      const instance = `${level} ${readLine(files, `${cache}/shared_cpu_list`) ?? cpu}`;
      if (seen.has(instance)) continue;
      seen.add(instance);
      bytes.set(level, (bytes.get(level) ?? 0) + size);
    }
  return bytes;
}

/** `2048K` of sysfs, always in kibibytes (drivers/base/cacheinfo.c, size_show). */
function parseSize(text: string): number | null {
  const kibibytes = /^(\d{1,9})K$/.exec(text)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/**
 * The model from /proc/cpuinfo, without trademarks, the word CPU and the clock: `Intel Xeon Platinum 8375C`. arm64
 * shows only numbers (arch/arm64/kernel/cpuinfo.c). null if it is not there.
 */
export function parseModel(cpuinfo: string): string | null {
  const field = (name: string) =>
    new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm').exec(cpuinfo)?.[1]?.trim() ?? null;
  const name = field('model name') ?? field('cpu model') ?? field('uarch') ?? armModel(field);
  const plain = name
    ?.replace(/[^ -~]/g, '')
    .replace(/\((?:r|tm|c)\)/gi, '')
    .replace(/@.*$/, '')
    .replace(/\b(?:CPU|Processor|\d+-Core)\b/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return plain ? plain : null;
}

/** Main ID register: implementer and part (arch/arm64/include/asm/cputype.h) of server CPUs. */
const ARM_PARTS: ReadonlyMap<string, string> = new Map([
  ['0x41 0xd07', 'ARM Cortex-A57'],
  ['0x41 0xd08', 'ARM Cortex-A72'],
  ['0x41 0xd0c', 'ARM Neoverse N1'],
  ['0x41 0xd40', 'ARM Neoverse V1'],
  ['0x41 0xd49', 'ARM Neoverse N2'],
  ['0x41 0xd4f', 'ARM Neoverse V2'],
  ['0x41 0xd83', 'ARM Neoverse V3'],
  ['0x41 0xd8e', 'ARM Neoverse N3'],
  ['0x43 0x0af', 'Cavium ThunderX2'],
  ['0x48 0xd01', 'HiSilicon Kunpeng 920'],
  ['0x6d 0xd49', 'Microsoft Azure Cobalt 100'],
  ['0xc0 0xac3', 'Ampere AmpereOne'],
]);

function armModel(field: (name: string) => string | null): string | null {
  const [implementer, part] = [field('CPU implementer'), field('CPU part')];
  if (implementer === null || part === null) return null;
  return ARM_PARTS.get(`${implementer} ${part}`) ?? `ARM implementer ${implementer}, part ${part}`;
}
