/** What is packaged: the project, its version, and the date that everything in the packages gets. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');
export const modules = join(root, 'node_modules');

/** Kept for the next run: runtimes of other architectures, compiled addons. */
export const CACHE = join(homedir(), '.cache/locality-tune/package');

/** As Node calls them. */
export const ARCHES = ['x64', 'arm64'] as const;
export type Arch = (typeof ARCHES)[number];

export const DEBIAN_ARCH: Readonly<Record<Arch, string>> = { x64: 'amd64', arm64: 'arm64' };
export const RPM_ARCH: Readonly<Record<Arch, string>> = { x64: 'x86_64', arm64: 'aarch64' };

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/**
 * Seconds since 1970: SOURCE_DATE_EPOCH, or the date of the commit (https://reproducible-builds.org/specs/source-date-epoch/).
 * Throws outside of a Git checkout if the variable is not set.
 */
function sourceDate(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const seconds =
    given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (!/^\d{1,11}\n?$/.test(seconds))
    throw new Error(`SOURCE_DATE_EPOCH '${seconds}': not a number of seconds`);
  return Number(seconds);
}

export interface Origin {
  readonly manifest: Manifest;
  /** Seconds since 1970. */
  readonly date: number;
}

export const readOrigin = (): Origin => ({ manifest: readManifest(root), date: sourceDate() });
