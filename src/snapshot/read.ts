/** Reads a snapshot from a file, a pipe (`<(ssh host locality-tune snapshot)`) or stdin. */
import { closeSync, openSync, readSync } from 'node:fs';
import { failure } from '../system/errors.ts';
import { parseSnapshot } from './parse.ts';
import type { Snapshot } from './types.ts';

/** A machine of 512 CPUs and 1,024 queues takes 6 MB. */
const MOST_BYTES = 256 * 1024 * 1024;
const CHUNK = 1024 * 1024;

/** @param path `-` is stdin. Throws Node's SystemError, or Failure. */
export function readSnapshot(path: string): Snapshot {
  return parseSnapshot(readText(path));
}

/** Reads in pieces: a pipe has no size, and a device may never end. @param path `-` is stdin */
export function readText(path: string): string {
  const fd = path === '-' ? 0 : openSync(path, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let total = 0; ; ) {
      const piece = Buffer.alloc(CHUNK);
      const bytes = readSync(fd, piece);
      if (bytes === 0) return Buffer.concat(pieces).toString();
      total += bytes;
      if (total > MOST_BYTES)
        throw failure(
          'too-large',
          'larger than 256 MiB',
          'a snapshot is never that large; name another file',
        );
      pieces.push(piece.subarray(0, bytes));
    }
  } finally {
    if (fd !== 0) closeSync(fd);
  }
}
