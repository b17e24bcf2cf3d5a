/** The process that attaches for a command, seen from outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/system/errors.ts';
import { childrenOf, isRunning, ofProcess } from '../integration/processes.ts';

/** That of a command, as soon as there is one. Throws if the command ends without one. */
export async function childOf(parent: number, name = 'set-xdp-child'): Promise<number> {
  for (;;) {
    const child = childrenOf(parent).find((pid) => ofProcess(pid, 'cmdline').includes(name));
    if (child !== undefined) return child;
    if (!isRunning(parent)) throw new Error(`the command has ended, and had no process ${name}`);
    await sleep(1);
  }
}

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
