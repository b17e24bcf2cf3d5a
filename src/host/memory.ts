/** How much memory the machine has. */
import type { System } from '../system/types.ts';

/**
 * In bytes; null when it is not known. On the live machine systeminformation is asked for it: its `mem()` reads
 * /proc/meminfo and runs nothing, unlike most of that library (test/host/memory.test.ts holds it to that).
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
