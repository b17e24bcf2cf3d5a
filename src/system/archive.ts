/** A captured tree in a .tar or .tar.gz, read into memory. Nothing of it is ever written to disk. */
import { readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { failure, isFailure } from './errors.ts';
import { type FileAccess, filesThrough, openFiles, unpadded } from './files.ts';
import { resolveInside } from './tree.ts';
import type { Files } from './types.ts';

/**
 * Limit of the packed and the unpacked size. A machine with 1,152 CPUs takes 30 MB; a small file could unpack to any
 * size.
 */
const MOST_BYTES = 256 * 1024 * 1024;

/** include/uapi/linux/limits.h: no path of a machine is longer. */
const PATH_MAX = 4096;

/** Ten times the files of a machine with 1,152 CPUs; in one folder, ten times its IRQs. */
const MOST_ENTRIES = 300_000;
const MOST_CHILDREN = 32_768;

/** Folders in a path: sysfs has about 20 below the deepest bridges. */
const MOST_DEPTH = 64;

/** Compressions by their first bytes, and the tools that unpack them. */
const OTHERS: ReadonlyMap<string, string> = new Map([
  ['fd37', 'xz -d'],
  ['28b5', 'zstd -d'],
  ['425a', 'bzip2 -d'],
]);

/** The files of a captured tree, a folder or an archive of one. Throws Node's SystemError, or Failure. */
export async function openTree(root: string): Promise<Files> {
  const stat = statSync(root);
  if (stat.isDirectory()) return openFiles(root);
  if (!stat.isFile())
    throw failure(
      'not-a-tree',
      'neither a directory nor an archive',
      'name the directory, .tar or .tar.gz that holds copies of /proc and /sys',
    );
  if (stat.size > MOST_BYTES) throw tooLarge();
  return filesOf(await readEntries(unzip(readFileSync(root))), root);
}

const tooLarge = () =>
  failure(
    'too-large',
    'larger than 256 MiB',
    'unpack what is needed of /proc and /sys, and name that directory',
  );

const tooMany = (what: string) =>
  failure('too-large', what, 'unpack what is needed of /proc and /sys, and give the folder');

function unzip(bytes: Buffer): Buffer {
  const magic = bytes.toString('hex', 0, 2);
  const tool = OTHERS.get(magic);
  if (tool !== undefined)
    throw failure('compressed', 'neither .tar nor .tar.gz', `unpack it first, with ${tool}`);
  if (magic !== '1f8b') return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge();
    throw broken(error);
  }
}

const broken = (error: unknown) =>
  failure(
    'broken-archive',
    `not a valid .tar or .tar.gz (${error instanceof Error ? error.message : error})`,
    'copy it again; it must hold copies of /proc and /sys',
  );

type Entry = { readonly text: string } | { readonly link: string } | 'directory';

/** By absolute path; `..` stops at the root. Devices and pipes are skipped. */
async function readEntries(bytes: Buffer): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let count = 0;
  const filter = ({ name }: { readonly name: string }): boolean => {
    if (++count > MOST_ENTRIES) throw tooMany(`more than ${MOST_ENTRIES} files`);
    return name.length <= PATH_MAX;
  };
  const unpacked = await unpackTar(bytes, { strict: true, filter }).catch((error: unknown) => {
    throw isFailure(error) ? error : broken(error);
  });
  for (const { header, data } of unpacked) {
    const path = posix.join('/', header.name).replace(/(?<=.)\/$/, '');
    if (path.length > PATH_MAX || path.split('/').length > MOST_DEPTH) continue;
    const target = header.linkname ?? '';
    if (header.type === 'symlink') entries.set(path, { link: target });
    else if (header.type === 'link') entries.set(path, { link: posix.join('/', target) });
    else if (header.type === 'directory') entries.set(path, 'directory');
    else if (data !== undefined) entries.set(path, { text: Buffer.from(data).toString() });
  }
  return entries;
}

function filesOf(entries: ReadonlyMap<string, Entry>, root: string): Files {
  const children = new Map<string, Set<string>>();
  for (let path of entries.keys())
    for (let parent = ''; path !== '/'; path = parent) {
      parent = posix.dirname(path);
      const known = children.get(parent);
      if (known?.has(posix.basename(path))) break;
      const all = (known ?? new Set<string>()).add(posix.basename(path));
      if (all.size > MOST_CHILDREN) throw tooMany(`more than ${MOST_CHILDREN} files in ${parent}`);
      children.set(parent, all);
    }
  const base = treeIn(children);
  const key = (path: string): string => (path === '/' ? base || '/' : base + path);
  const at = (path: string | null): Entry | null => {
    if (path === null) return null;
    return entries.get(key(path)) ?? (children.has(key(path)) ? 'directory' : null);
  };
  const resolve = resolveInside((path) => {
    const entry = at(path);
    return entry === null || entry === 'directory' || 'link' in entry ? entry : 'file';
  });
  const access: FileAccess = {
    text: (path) => {
      const entry = at(resolve(path));
      return entry !== null && entry !== 'directory' && 'text' in entry ? unpadded(entry.text) : null;
    },
    list: (path) => {
      const folder = resolve(path);
      return folder === null ? null : [...(children.get(key(folder)) ?? [])].sort();
    },
    link: (path) => {
      const folder = resolve(posix.dirname(path));
      const entry = folder === null ? null : at(posix.join(folder, posix.basename(path)));
      return entry !== null && entry !== 'directory' && 'link' in entry ? entry.link : null;
    },
    real: resolve,
  };
  return filesThrough(access, root);
}

/** The folder in the archive that contains proc and sys: its root, or one below folders that contain nothing else. */
function treeIn(children: ReadonlyMap<string, ReadonlySet<string>>): string {
  for (let base = ''; ; ) {
    const names = children.get(base || '/');
    const [only] = names ?? [];
    if (only === undefined || names?.size !== 1 || names.has('proc') || names.has('sys')) return base;
    base = `${base}/${only}`;
  }
}
