/**
 * Resolves paths inside a captured tree, as if it were the root of the machine (like chroot, but without privileges).
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';

/** MAXSYMLINKS of include/linux/namei.h: beyond that the kernel returns ELOOP. */
const MOST_LINKS = 40;

/** What a tree has at a path without links in its folders; null: nothing, or something that no capture has. */
export type Look = (path: string) => 'file' | 'directory' | { readonly link: string } | null;

/** In a folder. A FIFO would block its reader, and a device would be that of the live machine. */
export function lookInFolder(base: string): Look {
  return (path) => {
    const stat = lstatSync(base + path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) return { link: readlinkSync(base + path) };
    return stat?.isFile() ? 'file' : stat?.isDirectory() ? 'directory' : null;
  };
}

/**
 * Resolves a path of the captured machine: follows every symbolic link, absolute ones from the tree's root, and `..`
 * cannot leave the tree. The result is again a path of that machine; null if it is absent, a dangling link, or a loop.
 * Throws what `look` throws.
 */
export function resolveInside(look: Look): (path: string) => string | null {
  const known = new Map<string, string | null>([['/', '/']]);

  /** @param links followed so far */
  const resolve = (path: string, links: number): string | null => {
    const found = known.get(path);
    if (found !== undefined) return found;
    if (links > MOST_LINKS) return null;
    // A path that leads to itself is a loop.
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
