/** The memory size of the machine. */
import type { System } from '../system/types.ts';

/**
 * In bytes; null if not known. On the live machine it comes from systeminformation, whose `mem()` reads /proc/meminfo
 * and runs nothing, unlike most of that library (test/host/memory.test.ts checks that).
 */
export async function readMemory({ files, kernel }: System): Promise<number | null> {
  if (kernel === null) return parseMemory(files.text('/proc/meminfo') ?? '');
  const { default: systeminformation } = await import('systeminformation');
  return (await systeminformation.mem()).total || null;
}

/** MemTotal of /proc/meminfo, which calls kibibytes kB (fs/proc/meminfo.c). */
export function parseMemory(meminfo: string): number | null {
  const kibibytes = /^MemTotal:\s+(\d{1,12}) kB$/m.exec(meminfo)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
