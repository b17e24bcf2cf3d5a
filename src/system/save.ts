/** Files that the user asked for. */
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
