/**
 * Path resolution inside of a captured tree, as if it were the root of the machine (chroot, without the
 * privilege).
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';

/** MAXSYMLINKS of include/linux/namei.h: the kernel says ELOOP. */
const MOST_LINKS = 40;

/** What a tree holds at a path whose folders are no links; null: nothing, or what no capture holds. */
export type Look = (path: string) => 'file' | 'directory' | { readonly link: string } | null;

/** In a folder. A FIFO would block its reader, a device would be the live machine's. */
export function lookInFolder(base: string): Look {
  return (path) => {
    const stat = lstatSync(base + path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) return { link: readlinkSync(base + path) };
    return stat?.isFile() ? 'file' : stat?.isDirectory() ? 'directory' : null;
  };
}

/**
 * Resolves a path of the captured machine: every symbolic link followed, those with an absolute target from
 * the tree's root, and no way out by `..`. The result is again a path of that machine; null when it is
 * absent, a dangling link, or a loop.
 * Throws what `look` throws.
 */
export function resolveInside(look: Look): (path: string) => string | null {
  const known = new Map<string, string | null>([['/', '/']]);

  /** @param links followed on the way to here */
  const resolve = (path: string, links: number): string | null => {
    const found = known.get(path);
    if (found !== undefined) return found;
    if (links > MOST_LINKS) return null;
    // Whoever meets itself again on the way is in a loop.
    known.set(path, null);
    const parent = resolve(posix.dirname(path), links);
    const resolved = parent === null ? null : step(parent, posix.basename(path), links);
    known.set(path, resolved);
    return resolved;
  };

  const step = (parent: string, name: string, links: number): string | null => {
    if (name === '' || name === '.') return parent;
    if (name === '..') return posix.dirname(parent);
    const path = `${parent === '/' ? '' : parent}/${name}`;
    const found = look(path);
    if (found === null || typeof found === 'string') return found === null ? null : path;
    const { link } = found;
    return resolve(link.startsWith('/') ? link : `${parent === '/' ? '' : parent}/${link}`, links + 1);
  };

  return (path) => resolve(path, 0);
}
