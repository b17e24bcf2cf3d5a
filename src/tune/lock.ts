/** One apply or undo at a time. */
import { mkdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { failure, isErrno } from '../system/errors.ts';
import type { Files } from '../system/types.ts';
import { bootIdOf } from './boot.ts';
import { startTimeOf } from './settings/pin.ts';

const ATTEMPTS = 3;

/**
 * Takes the lock in `folder`, which is made when it is missing, and returns what gives it back. The lock is a symbolic
 * link, whose target names its holder: made in one step, and on a full disk too. That of a process which has ended
 * counts for nothing. Throws Failure `busy`, SystemError.
 */
export function takeLock(folder: string, files: Files): () => void {
  const path = join(folder, 'lock');
  const mine = `${process.pid}:${startTimeOf(files, process.pid, process.pid)}:${bootIdOf(files)}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      symlinkSync(mine, path);
      return () => unlinkSync(path);
    } catch (error) {
      // On a disk that went read-only nobody can apply, since that takes a journal; undo must still be possible.
      if (isErrno(error, 'EROFS')) return () => {};
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const holder = readHolder(path);
    if (holder === null) continue;
    if (isAlive(files, holder)) throw busy(holder);
    takeAway(path, holder);
  }
  throw busy(readHolder(path) ?? 'unknown');
}

function readHolder(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    // Given back meanwhile.
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function isAlive(files: Files, holder: string): boolean {
  const [pid, start, boot] = holder.split(':');
  return boot === bootIdOf(files) && start === startTimeOf(files, Number(pid), Number(pid));
}

/** Whoever renames it has it: two that find the same stale lock must not remove each other's new one. */
function takeAway(path: string, stale: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  const taken = readlinkSync(aside);
  unlinkSync(aside);
  if (taken !== stale) symlinkSync(taken, path);
}

const busy = (holder: string) =>
  failure(
    'busy',
    `another locality-tune (pid ${holder.split(':')[0]}) is changing settings`,
    'wait until it ends',
  );
