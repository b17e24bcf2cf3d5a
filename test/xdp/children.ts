/** The process that loads and attaches for a command, seen from outside. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/system/errors.ts';

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return '';
    throw error;
  }
};

/** That of a command, as soon as there is one. Throws if the command ends without one. */
export async function childOf(parent: number): Promise<number> {
  for (;;) {
    const children = textOf(`/proc/${parent}/task/${parent}/children`).trim().split(' ').map(Number);
    const child = children.find((pid) => textOf(`/proc/${pid}/cmdline`).includes('set-xdp-child'));
    if (child !== undefined) return child;
    if (!isRunning(parent)) throw new Error('the command has ended, and had no process that attaches');
    await sleep(1);
  }
}

/** Neither gone nor a zombie that nobody has waited for. */
const isRunning = (pid: number): boolean => /^State:\s+[^ZX]/m.test(textOf(`/proc/${pid}/status`));

export async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(2);
}

/** Ends it, unless it has ended by itself. */
export function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}
