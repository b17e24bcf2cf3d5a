/** Files of the live machine, or of a captured tree that replaces it. */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join, posix } from 'node:path';
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
  text: (path) => readFileSync(path, 'utf8'),
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
  return {
    text: (path) => unpadded(at(path, live.text)),
    list: (path) => at(path, live.list),
    link: (path) => at(posix.dirname(path), (folder) => live.link(posix.join(folder, posix.basename(path)))),
    real: resolve,
  };
}

/** tar pads files that are shorter than their stated size with zeros, which includes every file of sysfs. */
export const unpadded = (text: string | null): string | null => text?.replace(/\0+$/, '') ?? null;

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
      const code = String(error instanceof Error && Reflect.get(error, 'code'));
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
