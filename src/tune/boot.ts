/** The boot id: names in a journal belong to a boot. */
import { readLine } from '../host/values.ts';
import type { Files } from '../system/types.ts';

/** Random, new at each boot (drivers/char/random.c, proc_do_uuid). */
export const bootIdOf = (files: Files): string =>
  readLine(files, '/proc/sys/kernel/random/boot_id') ?? 'unknown';
