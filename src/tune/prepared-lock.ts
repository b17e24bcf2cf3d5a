/** Takes the lock for changes of settings, some of which can only be read slowly, and so without it. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, type Failure, failure } from '../system/errors.ts';
import type { Files } from '../system/types.ts';
import { takeLock } from './lock.ts';
import type { Access } from './settings/setting.ts';
import type { Change } from './types.ts';

const ATTEMPTS = 3;

/**
 * Reads the groups whose programs these changes set, then takes the lock of `folder`; again if somebody has changed
 * something in between. Throws Failure `busy`, SystemError, and what `changes` throws.
 */
export async function takePreparedLock(
  { files, programs }: Access,
  folder: string,
  changes: () => readonly Change[],
): Promise<() => void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lock = unchangedLock(files, folder);
    const groups = groupsToSet(changes());
    if (groups.length === 0) return takeLock(folder, files);
    await programs.prepare(groups);
    const release = lock();
    if (release !== null) return release;
  }
  throw failure('busy', 'others keep changing settings', 'wait until they end');
}

/** Call it before reading. The result takes the lock; it throws Failure `busy`, and `changed` if somebody changed something since. */
export function lockIfUnchanged(files: Files, folder: string): () => () => void {
  const lock = unchangedLock(files, folder);
  return () => {
    const release = lock();
    if (release !== null) return release;
    throw changedMeanwhile();
  };
}

export const changedMeanwhile = (): Failure =>
  failure('changed', 'somebody has changed settings or a program meanwhile', 'run it again');

/** The result takes the lock of `folder`; null if somebody has changed something since. */
function unchangedLock(files: Files, folder: string): () => (() => void) | null {
  const before = recordsIn(folder);
  return () => {
    const release = takeLock(folder, files);
    if (recordsIn(folder) === before) return release;
    release();
    return null;
  };
}

/** The groups whose program is changed. */
export const groupsToSet = (changes: readonly Change[]): readonly string[] => [
  ...new Set(changes.flatMap(({ target }) => (target.kind === 'program' ? [target.group] : []))),
];

/** Journals and notes of programs, with the time of their last change: each change of this tool leaves a trace there. */
function recordsIn(folder: string): string {
  return ['journals', 'attached']
    .flatMap((name) => namesIn(join(folder, name)))
    .map((path) => `${path} ${statSync(path, { throwIfNoEntry: false })?.mtimeMs}`)
    .sort()
    .join('\n');
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    // Nothing has ever been changed here, or it may not be read: then taking the lock fails.
    if (errnoCode(error) === null) throw error;
    return [];
  }
}
