/** Writes files completely or not at all: those that the user requested, and those that a boot depends on. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { failure } from './errors.ts';
import { removeFile } from './remove-file.ts';

/**
 * All or nothing: in any case, `path` has the old content or the new. Anything but a regular file (/dev/stdout, a pipe)
 * is written to directly. A link is followed if it is ours or root's: another user must not choose which file root
 * replaces. @param mode of a new file, before the umask. Throws Node's SystemError, or Failure: exists if `force` is not
 * set, not-trusted.
 */
export function saveFile(path: string, content: string, force: boolean, mode = 0o666): void {
  const named = lstatSync(path, { throwIfNoEntry: false });
  const isLink = named?.isSymbolicLink() === true;
  if (isLink && named.uid !== 0 && named.uid !== process.geteuid?.())
    throw failure('not-trusted', 'it is a link that another user made', 'name the file itself');
  const there = isLink ? statSync(path, { throwIfNoEntry: false }) : named;
  if (there?.isFile() && !force)
    throw failure('exists', 'the file exists already', 'use another name, or --force');
  if (there && !there.isFile()) writeFileSync(path, content);
  else replace(there && isLink ? realpathSync(path) : path, content, mode);
}

/**
 * Replaces a file that other processes read at any moment, such as node_exporter: they see the old content or the new. The new
 * file has exactly this mode. Throws SystemError, Failure not-a-file: what is there is a link, a device, a folder.
 */
export function replaceFile(path: string, content: string, mode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw failure('not-a-file', 'it is not a regular file', 'name a file, or a path where none is');
  const folder = mkdtempSync(join(dirname(path), `.${basename(path)}.`));
  try {
    const fresh = join(folder, basename(path));
    writeFileSync(fresh, content, { flag: 'wx' });
    chmodSync(fresh, mode);
    renameSync(fresh, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function replace(path: string, content: string, mode: number): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, content, { flag: 'wx', mode });
    renameSync(fresh, path);
  } catch (error) {
    removeFile(fresh);
    throw error;
  }
}

/**
 * Like `saveFile`, and replaces an existing file; content and name are on the disk when this returns. Throws
 * SystemError.
 */
export function saveDurably(path: string, content: string, mode: number): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, content, { flag: 'wx', mode, flush: true });
    renameSync(fresh, path);
    syncFolder(dirname(path));
  } catch (error) {
    removeFile(fresh);
    throw error;
  }
}

/** Without this a power loss may lose a new file's name, though not its content. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
