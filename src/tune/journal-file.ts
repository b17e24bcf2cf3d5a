/** Journals on disk: STATE/journals/ID.jsonl while any of it is in force, ID.undone.jsonl afterwards. */
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoCode, type Failure, failure, isErrno } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
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
  /** Frees the reserved space. */
  close(): void;
  /** Deletes it: nothing was changed. Returns a sentence if it could not be deleted. */
  discard(): string[];
}

/** A hundred times the journal of a machine with 1,152 CPUs. */
const MOST_BYTES = 256 * 1024 * 1024;

const NAME = /^(\d{1,9})(\.undone)?\.jsonl$/;

const folderIn = (state: string): string => join(state, 'journals');

/** Its folder, with lock and journals. */
export const stateOf = ({ path }: JournalFile): string => dirname(dirname(path));

/** Those that are not undone, newest first. */
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
    // Nothing has ever been applied here.
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Throws Failure `journal` if it cannot be read or parsed. */
export function readJournal({ path }: JournalFile): Journal {
  const journal = parseJournal(telling(path, () => readTrusted(path, MOST_BYTES)));
  if (journal !== null) return journal;
  throw failure('journal', `${path} is not a journal that this version can read`, 'move it away');
}

/**
 * Creates a journal with `room` reserved bytes, so that a disk that fills up later does not stop an apply half-way; if
 * they do not fit, it fails now. Throws Failure `journal`.
 */
export function createJournal(state: string, header: Header, room: number): JournalWriter {
  const folder = folderIn(state);
  const id = String(1 + namesIn(state).reduce((most, { number }) => Math.max(most, number), 0));
  const path = join(folder, `${id}.jsonl`);
  return telling(path, () => {
    makeFolder(folder, 0o700);
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

/** Continues a journal that an apply has left, complete or cut. Throws Failure `journal`. */
export function openJournal(file: JournalFile): JournalWriter {
  return telling(file.path, () => {
    const text = readTrusted(file.path, MOST_BYTES).trimEnd();
    const fd = openTrusted(file.path, constants.O_RDWR);
    // A separate line, even after a cut one.
    return writer(file, fd, writeAll(fd, '\n', Buffer.byteLength(text)));
  });
}

/** From now on it is not listed. */
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
        // Other records are lost only at a power loss, together with the settings.
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
      try {
        unlinkSync(file.path);
      } catch (error) {
        const code = errnoCode(error);
        if (code === null) throw error;
        return [undeletable(file.path, code)];
      }
      return [];
    },
  };
}

/** Returns the end offset. */
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
  failure('journal', `the journal ${path} cannot be used (${code})`, HINTS.get(code) ?? 'check the folder');

const undeletable = (path: string, code: string): string =>
  `nothing was changed, but the empty journal ${path} could not be deleted (${code}): \`locality-tune undo\` removes it once its folder is writable`;

const HINTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'another undo has restored it: see `locality-tune status`'],
  ['ENOSPC', 'free disk space; without a journal nothing is changed'],
  ['EDQUOT', 'free disk space; without a journal nothing is changed'],
  ['EROFS', 'its file system is read-only: without a journal nothing is changed'],
  ['EACCES', 'run as root'],
  ['EPERM', 'run as root'],
]);
