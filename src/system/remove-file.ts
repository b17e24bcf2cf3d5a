/** Removes single files. Node's own rmSync has neither code nor words for some errors, such as EROFS (24.21). */
import { unlinkSync } from 'node:fs';
import { errnoCode, failure, isErrno } from './errors.ts';

/** If it is there; of a link, the link. Throws SystemError. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** Does something to a file that the user knows. Throws Failure, whose code is that of the kernel. @param act `remove`, `write` */
export function onFile<T>(act: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = errnoCode(error);
    if (code === null) throw error;
    throw failure(
      code,
      `cannot ${act} ${path} (${code})`,
      HINTS.get(code) ?? 'check its folder, then repeat',
    );
  }
}

const ROOT = 'run as root; `lsattr` shows whether it is immutable';

const HINTS: ReadonlyMap<string, string> = new Map([
  ['EROFS', 'its file system is read-only: make it writable (mount -o remount,rw), then repeat'],
  ['ENOSPC', 'free disk space, then repeat'],
  ['EDQUOT', 'free disk space, then repeat'],
  ['EACCES', ROOT],
  ['EPERM', ROOT],
]);
