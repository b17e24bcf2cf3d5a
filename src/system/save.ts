/** Files that are written whole or not at all: those that the user asked for, and those that a boot depends on. */
import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { failure } from './errors.ts';

/**
 * All of it or nothing: whatever happens, `path` holds the old content or the new. What is no regular file (/dev/stdout,
 * a pipe) is written to as it is. @param mode of a new file, before the umask. Throws Node's SystemError, or Failure where there is a file and no `force`.
 */
export function saveFile(path: string, content: string, force: boolean, mode = 0o666): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isFile() && !force)
    throw failure('exists', 'the file exists already', 'use another name, or --force');
  if (there && !there.isFile()) writeFileSync(path, content);
  else replace(there ? realpathSync(path) : path, content, mode);
}

function replace(path: string, content: string, mode: number): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, content, { flag: 'wx', mode });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** As `saveFile`, in place of whatever is there; on the disk, name and all, when this returns. Throws SystemError. */
export function saveDurably(path: string, content: string, mode: number): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, content, { flag: 'wx', mode, flush: true });
    renameSync(fresh, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** Without this a new file's name may be lost with the power, though its content is not. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
