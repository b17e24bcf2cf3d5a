/** Reads a snapshot from a file, a pipe (`<(ssh host locality-tune snapshot)`) or stdin. */
import { failure } from '../system/errors.ts';
import { readWhole } from '../system/read-whole.ts';
import { parseSnapshot } from './parse.ts';
import type { Snapshot } from './types.ts';

/** A machine of 512 CPUs and 1,024 queues takes 6 MB. */
const MOST_BYTES = 256 * 1024 * 1024;

/** @param path `-` is stdin. Throws Node's SystemError, or Failure. */
export function readSnapshot(path: string): Snapshot {
  return parseSnapshot(readText(path));
}

/** @param path `-` is stdin. Throws Node's SystemError, or Failure. */
export const readText = (path: string): string =>
  readWhole(path, MOST_BYTES, () =>
    failure('too-large', 'larger than 256 MiB', 'a snapshot is never that large; name another file'),
  ).toString();
