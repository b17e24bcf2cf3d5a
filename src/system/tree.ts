/**
 * Path resolution inside of a captured tree, as if it were the root of the machine (chroot, without the
 * privilege).
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';

/**
 * Resolves a path of the captured machine: every symbolic link followed, those with an absolute target from
 * the tree's root, and no way out by `..`. The result is again a path of that machine; null when it is
 * absent, a dangling link, a loop, or what no capture holds (a FIFO would block its reader, a device would be
 * the live machine's).
 * Throws Node's SystemError: ENOTDIR, EACCES.
 */
export function resolveInside(base: string): (path: string) => string | null {
  const known = new Map<string, string | null>([['/', '/']]);

  const resolve = (path: string): string | null => {
    const found = known.get(path);
    if (found !== undefined) return found;
    // Whoever meets itself again on the way is in a loop.
    known.set(path, null);
    const parent = resolve(posix.dirname(path));
    const resolved = parent === null ? null : step(parent, posix.basename(path));
    known.set(path, resolved);
    return resolved;
  };

  const step = (parent: string, name: string): string | null => {
    if (name === '' || name === '.') return parent;
    if (name === '..') return posix.dirname(parent);
    const path = `${parent === '/' ? '' : parent}/${name}`;
    const stat = lstatSync(base + path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) {
      const target = readlinkSync(base + path);
      return resolve(target.startsWith('/') ? target : `${parent === '/' ? '' : parent}/${target}`);
    }
    return stat?.isFile() || stat?.isDirectory() ? path : null;
  };

  return resolve;
}
