/** Creates folders. Where no folder can be made (EROFS, ENOSPC), Node's own `recursive` says that there is none, ENOENT (24.21). */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isErrno } from './errors.ts';

/** With those above it; not an error if it is there. `mode`: before the umask. Throws SystemError. */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    mkdirSync(firstMissing(path), mode);
    throw error;
  }
}

const firstMissing = (path: string): string =>
  existsSync(dirname(path)) ? path : firstMissing(dirname(path));
