/** Journals on disk: STATE/journals/ID.jsonl while something of it is in force, ID.undone.jsonl afterwards. */
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoCode, type Failure, failure, isErrno } from '../system/errors.ts';
import { syncFolder } from '../system/save.ts';
import { openTrusted, readTrusted, requireTrustedFolder } from '../system/trusted.ts';
import { type Entry, type Header, type Journal, parseJournal } from './journal.ts';
import { killPoint } from './kill-point.ts';

export interface JournalFile {
  readonly id: string;
  readonly path: string;
}

export interface JournalWriter extends JournalFile {
  /** An intent is on the disk when this returns. Throws Failure `journal`. */
  append(entry: Entry): void;
  /** Gives back what was kept free. */
  close(): void;
  /** Nothing was changed: there is nothing to tell. */
  discard(): void;
}

/** A hundred times what a journal of 1,152 CPUs takes. */
const MOST_BYTES = 256 * 1024 * 1024;

const NAME = /^(\d{1,9})(\.undone)?\.jsonl$/;

const folderIn = (state: string): string => join(state, 'journals');

/** The folder of lock and journals that it is in. */
export const stateOf = ({ path }: JournalFile): string => dirname(dirname(path));

/** Those that are not undone, the newest first. */
export function listJournals(state: string): JournalFile[] {
  return namesIn(state)
    .filter(({ undone }) => !undone)
    .sort((a, b) => b.number - a.number)
    .map(({ name, number }) => ({ id: String(number), path: join(folderIn(state), name) }));
}

function namesIn(state: string) {
  try {
    return readdirSync(folderIn(state)).flatMap((name) => {
      const match = NAME.exec(name);
      return match === null ? [] : [{ name, number: Number(match[1]), undone: match[2] !== undefined }];
    });
  } catch (error) {
    // Nothing was ever applied here.
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Throws Failure `journal` where it can't be read, or not as one. */
export function readJournal({ path }: JournalFile): Journal {
  const journal = parseJournal(telling(path, () => readTrusted(path, MOST_BYTES)));
  if (journal !== null) return journal;
  throw failure('journal', `${path} is not a journal that this version can read`, 'move it away');
}

/**
 * A new one. `room` bytes are kept free in it, so that a disk which fills up later does not stop an apply half way: what
 * does not fit now is refused now. Throws Failure `journal`.
 */
export function createJournal(state: string, header: Header, room: number): JournalWriter {
  const folder = folderIn(state);
  const id = String(1 + namesIn(state).reduce((most, { number }) => Math.max(most, number), 0));
  const path = join(folder, `${id}.jsonl`);
  return telling(path, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    requireTrustedFolder(folder);
    const fd = openSync(path, 'wx', 0o600);
    try {
      const start = writeAll(fd, `${JSON.stringify(header)}\n`, 0);
      writeAll(fd, '\n'.repeat(room), start);
      fsyncSync(fd);
      for (const each of [folder, dirname(folder)]) syncFolder(each);
      return writer({ id, path }, fd, start);
    } catch (error) {
      closeSync(fd);
      unlinkSync(path);
      throw error;
    }
  });
}

/** Goes on with one that an apply has left, whole or cut. Throws Failure `journal`. */
export function openJournal(file: JournalFile): JournalWriter {
  return telling(file.path, () => {
    const text = readTrusted(file.path, MOST_BYTES).trimEnd();
    const fd = openTrusted(file.path, constants.O_RDWR);
    // A line of its own, also after one that is cut.
    return writer(file, fd, writeAll(fd, '\n', Buffer.byteLength(text)));
  });
}

/** It is not listed any more. */
export function markUndone({ path }: JournalFile): void {
  telling(path, () => renameSync(path, path.replace(/\.jsonl$/, '.undone.jsonl')));
}

function writer(file: JournalFile, fd: number, start: number): JournalWriter {
  let end = start;
  return {
    ...file,
    append: (entry) => {
      telling(file.path, () => {
        end = writeAll(fd, `${JSON.stringify(entry)}\n`, end);
        // What else is told is only lost with the machine's power, and the settings are then, too.
        if (entry.record === 'intent' || entry.record === 'persisted') fsyncSync(fd);
      });
      killPoint();
    },
    close: () => {
      ftruncateSync(fd, end);
      closeSync(fd);
    },
    discard: () => {
      closeSync(fd);
      unlinkSync(file.path);
    },
  };
}

/** Returns where it ended. */
function writeAll(fd: number, text: string, from: number): number {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, from + at);
  return from + bytes.length;
}

function telling<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = errnoCode(error);
    throw code === null ? error : refused(path, code);
  }
}

const refused = (path: string, code: string): Failure =>
  failure('journal', `the journal ${path} cannot be used (${code})`, HINTS.get(code) ?? 'see the folder');

const HINTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'another undo has restored it: see `locality-tune status`'],
  ['ENOSPC', 'free disk space; without a journal nothing is changed'],
  ['EDQUOT', 'free disk space; without a journal nothing is changed'],
  ['EROFS', 'its file system is read-only: without a journal nothing is changed'],
  ['EACCES', 'run as root'],
  ['EPERM', 'run as root'],
]);
