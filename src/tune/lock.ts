/** One apply or undo at a time. */
import { readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Failure, failure, isErrno } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { Files } from '../system/types.ts';
import { bootIdOf } from './boot.ts';
import { startTimeOf } from './settings/affinity.ts';

const ATTEMPTS = 3;

/** Place of the lock if its own folder is full: a separate file system on every machine. */
const ELSEWHERE = '/run/locality-tune';

/** The folder accepts no new name: it is full, out of inodes, or read-only. */
const TAKES_NOTHING = ['ENOSPC', 'EDQUOT', 'EROFS'] as const;

/**
 * Takes the lock of `folder`, which is created if it is missing, and returns a function that releases it. The lock is a
 * symbolic link whose target names its holder, so it is made in one step. A lock is stale if its process has ended, or
 * was killed and cannot end yet. If no byte or inode is left, undo must still be possible: then the lock is in /run.
 * The holder of one of the two checks for the other. Throws Failure `busy`, SystemError.
 */
export function takeLock(folder: string, files: Files): () => void {
  const own = join(folder, 'lock');
  const other = lockElsewhere(folder);
  try {
    return takeUnless(own, other, files);
  } catch (error) {
    if (!isErrno(error, ...TAKES_NOTHING)) throw error;
  }
  try {
    return takeUnless(other, own, files);
  } catch (error) {
    // Apply is impossible without a journal, and two undos set the same values.
    if (isErrno(error, ...TAKES_NOTHING)) return () => {};
    throw error;
  }
}

/** Does somebody apply or undo now? */
export function isLocked(folder: string, files: Files): boolean {
  return [join(folder, 'lock'), lockElsewhere(folder)].some((path) => {
    const holder = readHolder(path);
    return holder !== null && isAlive(files, holder);
  });
}

const lockElsewhere = (folder: string): string => join(ELSEWHERE, `lock${folder.replaceAll('/', '!')}`);

function takeUnless(path: string, other: string, files: Files): () => void {
  const release = take(path, files);
  const holder = readHolder(other);
  if (holder === null || !isAlive(files, holder)) return release;
  release();
  throw busy(files, holder);
}

function take(path: string, files: Files): () => void {
  const mine = `${process.pid}:${startTimeOf(files, process.pid, process.pid)}:${bootIdOf(files)}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      makeFolder(dirname(path), dirname(path) === ELSEWHERE ? 0o755 : 0o700);
      symlinkSync(mine, path);
      return () => release(path);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const holder = readHolder(path);
    if (holder === null) continue;
    if (holder === mine && unreleased.delete(path)) return () => release(path);
    if (isAlive(files, holder)) throw busy(files, holder);
    takeAway(path, holder);
  }
  throw busy(files, readHolder(path) ?? 'unknown');
}

/** Those that this process holds no longer, though the links are there still. */
const unreleased = new Set<string>();

/** Where the file system has become read-only meanwhile, the link stays until this process ends: then the lock is stale. */
function release(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'EROFS')) throw error;
    unreleased.add(path);
  }
}

function readHolder(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    // It was released meanwhile.
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function isAlive(files: Files, holder: string): boolean {
  const [pid, start, boot] = holder.split(':');
  if (boot !== bootIdOf(files) || start !== startTimeOf(files, Number(pid), Number(pid))) return false;
  const { state, killed } = statusOf(files, Number(pid));
  return state !== 'Z' && state !== 'X' && !killed;
}

/**
 * /proc/PID/status. `killed`: SIGKILL is pending, so its own code never runs again, even if the kernel is still working
 * for it.
 */
function statusOf(files: Files, pid: number): { readonly state: string | null; readonly killed: boolean } {
  const status = files.text(`/proc/${pid}/status`) ?? '';
  const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]{1,16})$/gm)];
  return {
    state: /^State:\s+(\w)/m.exec(status)?.[1] ?? null,
    killed: pending.some(([, mask]) => (BigInt(`0x${mask}`) & SIGKILL_BIT) !== 0n),
  };
}

/** Signal N is bit N - 1. */
const SIGKILL_BIT = 1n << 8n;

/** The process that renames it owns it: two that find the same stale lock must not remove each other's new one. */
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

function busy(files: Files, holder: string): Failure {
  const pid = Number(holder.split(':')[0]);
  const { state } = statusOf(files, pid);
  if (state === 'D')
    return failure(
      'busy',
      `another locality-tune (pid ${pid}) holds the lock, and sleeps in the kernel (state D)`,
      `cat /proc/${pid}/wchan shows where. If it stays there: kill -KILL ${pid}, then try again; undo restores what it has changed`,
    );
  if (state === 'T' || state === 't')
    return failure(
      'busy',
      `another locality-tune (pid ${pid}) holds the lock, and is stopped`,
      `kill -CONT ${pid} continues it; kill -KILL ${pid} ends it, and undo restores what it has changed`,
    );
  return failure('busy', `another locality-tune (pid ${pid}) is changing settings`, 'wait until it ends');
}
