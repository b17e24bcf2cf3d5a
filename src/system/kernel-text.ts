/** Files of procfs and sysfs as text. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** What is small there: an attribute of sysfs is at most a page (fs/sysfs/file.c), as are settings and names. */
const SMALL = /^\/(?:sys\/(?:bus|class|devices)\/|proc\/(?:irq|sys)\/|proc\/\d+\/(?:comm|stat)$)/;
const BYTES = 64 * 1024;
/** More than that is given back. */
const KEPT_BYTES = 1024 * 1024;

let kept: Buffer | undefined;

/**
 * The whole file. Throws Node's SystemError.
 *
 * Node 24.21 and 26.12 write past the end of a buffer in readFileSync(path, 'utf8') if they have read more than 64 KiB in pieces,
 * and then a full piece of 8 KiB. The kernel gives out /proc/interrupts so: with 64 CPUs it has 119 KB, and its last lines
 * come all at once. Node's way is for small files only, where it is faster.
 */
export function kernelText(path: string): string {
  if (SMALL.test(path)) return readFileSync(path, 'utf8');
  const fd = openSync(path, 'r');
  try {
    kept ??= Buffer.allocUnsafe(BYTES);
    let buffer = kept;
    for (let size = 0; ; ) {
      const bytes = readSync(fd, buffer, size, buffer.length - size, null);
      if (bytes === 0) return buffer.toString('utf8', 0, size);
      size += bytes;
      if (size < buffer.length) continue;
      const larger = Buffer.allocUnsafe(2 * size);
      buffer.copy(larger);
      buffer = larger;
      if (buffer.length <= KEPT_BYTES) kept = buffer;
    }
  } finally {
    closeSync(fd);
  }
}
