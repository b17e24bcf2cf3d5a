/** Reads files of proc and sysfs that contain one value. null: absent, not readable, or of another form. */
import type { Files } from '../system/types.ts';
import { type Cpus, parseCpuList, parseCpuMask } from './cpus.ts';

export function readLine(files: Files, path: string): string | null {
  return files.text(path)?.trim() ?? null;
}

export function readInteger(files: Files, path: string): number | null {
  const line = readLine(files, path);
  return line !== null && /^-?\d+$/.test(line) ? Number(line) : null;
}

/** Maximum size of a converted program, in bytes (net/core/filter.c, reuseport_attach_prog()). */
export const readOptmemMax = (files: Files): number | null =>
  readInteger(files, '/proc/sys/net/core/optmem_max');

export function readCpuList(files: Files, path: string): Cpus | null {
  const text = files.text(path);
  return text === null ? null : parseCpuList(text);
}

export function readCpuMask(files: Files, path: string): Cpus | null {
  const text = files.text(path);
  return text === null ? null : parseCpuMask(text);
}
