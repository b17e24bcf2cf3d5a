/** Runs the program as a user does, in a process of its own: as built, which starts in a sixth of the time, or from the sources. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkOutput } from '../schemas.ts';

/** The sources, of which Node strips the types. */
export const ENTRY = join(import.meta.dirname, '../../src/cli/entry.ts');
export const BUILT = join(import.meta.dirname, '../../dist/src/cli/entry.js');

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface How {
  /** Default: BUILT. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of node itself. */
  readonly node?: readonly string[];
  /** Where stdout goes, a file descriptor; or `closed`: nobody reads it. Default: it is returned. */
  readonly stdout?: number | 'closed';
}

export function run(
  args: readonly string[],
  { entry = BUILT, env = {}, node = [], stdout }: How = {},
): Promise<Run> {
  const target = typeof stdout === 'number' ? stdout : 'pipe';
  const child = spawn(process.execPath, [...node, entry, ...args], {
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', target, 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  if (stdout === 'closed') child.stdout?.destroy();
  else child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      try {
        checkOutput(texts.stdout);
        resolve({ status, ...texts });
      } catch (error) {
        reject(error);
      }
    });
  });
}
