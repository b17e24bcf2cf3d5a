/**
 * Files on which root acts are trusted only if nobody else can have written them, as ssh's StrictModes does for
 * authorized_keys.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { failure, isErrno } from './errors.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

interface Owned {
  readonly uid: number;
  readonly mode: number;
}

/**
 * Opens a regular file, not a symbolic link, that belongs to root (or to the caller, if that is not root) and that only
 * its owner can change, in folders of the same kind. Never waits for a pipe or a device. Throws SystemError, Failure
 * not-trusted.
 */
export function openTrusted(path: string, flags: number): number {
  // Links may lead to a folder: their target is checked, and then opened.
  requireTrustedFolder(dirname(path));
  const fd = open(join(realpathSync(dirname(path)), basename(path)), path, flags);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw notTrusted(path, 'is no regular file', 'give the file itself');
    const why = whyNot(stat);
    if (why !== null)
      throw notTrusted(path, why, `check its content, then: chown root ${path}; chmod go-w ${path}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function open(real: string, path: string, flags: number): number {
  try {
    return openSync(real, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isErrno(error, 'ELOOP')) throw notTrusted(path, 'is a symbolic link', 'give the file itself');
    throw error;
  }
}

/** Its text, of at most `most` bytes. Throws SystemError, Failure not-trusted, too-large. */
export function readTrusted(path: string, most: number): string {
  const fd = openTrusted(path, constants.O_RDONLY);
  try {
    const { size } = fstatSync(fd);
    if (size > most)
      throw failure('too-large', `${path} is larger than ${most / 1024 ** 2} MiB`, 'is it the right file?');
    const bytes = Buffer.alloc(size);
    let at = 0;
    for (let read = -1; read !== 0 && at < size; at += read) read = readSync(fd, bytes, at, size - at, at);
    return bytes.toString('utf8', 0, at);
  } finally {
    closeSync(fd);
  }
}

/**
 * Checks the folder and everything above it, both by its path and by the targets of links in it. Throws SystemError,
 * Failure not-trusted.
 */
export function requireTrustedFolder(path: string): void {
  const checked = new Set<string>();
  for (const named of upwards(resolve(path)))
    for (const real of upwards(realpathSync(named))) {
      if (checked.has(real)) break;
      checked.add(real);
      const stat = lstatSync(real);
      // In a folder such as /tmp nobody can replace files of other users.
      const why = whyNot((stat.mode & STICKY) !== 0 ? { uid: stat.uid, mode: 0 } : stat);
      if (why !== null) throw notTrusted(real, why, `chown root ${real}; chmod go-w ${real}`);
    }
}

function* upwards(path: string): Generator<string> {
  for (let each = path; ; each = dirname(each)) {
    yield each;
    if (each === '/') return;
  }
}

function whyNot({ uid, mode }: Owned): string | null {
  if (uid !== 0 && uid !== process.geteuid?.()) return `belongs to uid ${uid}`;
  if ((mode & WRITABLE_BY_OTHERS) !== 0)
    return `can be written by others than its owner (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`;
  return null;
}

const notTrusted = (path: string, why: string, hint: string) =>
  failure('not-trusted', `${path} ${why}, so it is not used`, hint);
