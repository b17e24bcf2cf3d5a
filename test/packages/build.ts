/** Builds all packages once for a run. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the packages. */
    readonly packages: string;
  }
}

const script = join(import.meta.dirname, '../../scripts/package/package.ts');

/** Compressed as little as possible. Throws what the build said. */
export async function buildPackages(out: string, ...more: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [script, '--fast', '--out', out, ...more], {
    maxBuffer: 1 << 26,
  });
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'locality-tune-packages-'));
  await buildPackages(folder);
  provide('packages', folder);
  return () => rm(folder, { recursive: true });
}
