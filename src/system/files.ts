/** Files of the live machine, or of a captured tree that replaces it. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { join, posix } from 'node:path';
import { errnoCode, failure } from './errors.ts';
import { kernelText } from './kernel-text.ts';
import { readRest } from './read-whole.ts';
import { lookInFolder, resolveInside } from './tree.ts';
import type { Files } from './types.ts';

/** Errors of /proc and /sys if there is nothing to read: absent, of another kind, not offered by the driver. */
const ABSENT = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EINVAL',
  'EIO',
  'ENODEV',
  'ENXIO',
  'ENODATA',
  'ENOTSUP',
  'ENOTSUPP',
  'ESRCH',
  'ERR_INVALID_ARG_VALUE',
]);

/** Each returns null if the file is absent, or throws. */
export interface FileAccess {
  text(path: string): string | null;
  list(path: string): readonly string[] | null;
  link(path: string): string | null;
  real(path: string): string | null;
}

const live: FileAccess = {
  text: kernelText,
  list: (path) => readdirSync(path),
  link: (path) => readlinkSync(path),
  real: (path) => realpathSync.native(path),
};

function captured(base: string): FileAccess {
  const resolve = resolveInside(lookInFolder(base));
  const at = <T>(path: string, read: (located: string) => T): T | null => {
    const resolved = resolve(path);
    return resolved === null ? null : read(base + resolved);
  };
  let left = MOST_BYTES;
  const text = (located: string): string => {
    const bytes = readInside(located, Math.min(MOST_FILE_BYTES, left));
    left -= bytes.length;
    return bytes.toString();
  };
  return {
    text: (path) => unpadded(at(path, text)),
    list: (path) => at(path, live.list),
    link: (path) => at(posix.dirname(path), (folder) => live.link(posix.join(folder, posix.basename(path)))),
    real: resolve,
  };
}

/** Of one file of a captured folder, and of all that is read of it. A machine of 1,152 CPUs takes 30 MB. */
const MOST_FILE_BYTES = 64 * 1024 ** 2;
const MOST_BYTES = 256 * 1024 ** 2;

/**
 * The owner of a captured folder may change it meanwhile: a file that has become a link, also in one of its folders, is
 * absent, and a FIFO is not waited for. Throws SystemError, Failure EFBIG.
 */
function readInside(located: string, most: number): Buffer {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(located, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    const status = fstatSync(fd);
    if (readlinkSync(`/proc/self/fd/${fd}`) !== located || !status.isFile())
      throw failure('ELOOP', `${located} was replaced`, 'copy the tree to a folder of your own');
    const tooLarge = () =>
      failure('EFBIG', `${located} is larger than ${most} bytes`, 'is it a copy of /proc and /sys?');
    return readRest(fd, most, tooLarge, status.size + 1);
  } finally {
    closeSync(fd);
  }
}

/** tar pads files that are shorter than their stated size with zeros, which includes every file of sysfs. */
export function unpadded(text: string | null): string | null {
  if (text === null) return null;
  // No regular expression: /\0+$/ takes hours for a megabyte of zeros with another byte behind them.
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}

/**
 * The files under `root`, `/` for the live machine. In a captured tree every symbolic link, also an absolute one, is
 * followed inside the tree. Throws Node's SystemError if `root` is absent (ENOENT) or not a directory (ENOTDIR).
 */
export function openFiles(root: string): Files {
  const base = realpathSync.native(join(root, '/'));
  return filesThrough(base === '/' ? live : captured(base), base);
}

export function filesThrough(access: FileAccess, root: string): Files {
  const denied: { readonly path: string; readonly code: string }[] = [];
  const known = new Set<string>();

  const attempt = <T>(path: string, read: (path: string) => T | null): T | null => {
    try {
      return read(path);
    } catch (error) {
      const code = errnoCode(error) ?? String(error instanceof Error && Reflect.get(error, 'code'));
      if (!ABSENT.has(code) && !known.has(path)) {
        known.add(path);
        denied.push({ path, code });
      }
      return null;
    }
  };

  return {
    root,
    text: (path) => attempt(path, access.text),
    list: (path) => attempt(path, access.list) ?? [],
    link: (path) => attempt(path, access.link),
    real: (path) => attempt(path, access.real),
    exists: (path) => (access === live ? existsSync(path) : attempt(path, access.real) !== null),
    denied,
  };
}
