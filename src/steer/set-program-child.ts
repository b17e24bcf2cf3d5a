/** The child of set-program.ts: reads one Order from stdin, makes one system call, writes SetProgramLines to stdout. */
import { readFileSync, writeSync } from 'node:fs';
import { errnoCode, failure, isFailure } from '../system/errors.ts';
import { withForeignSocket } from '../system/foreign-socket.ts';
import { attachCbpf, detachProgram } from '../system/sockets.ts';
import { checkMember, explainBorrow } from './member.ts';
import type { Order, SetProgramAnswer, SetProgramLine } from './set-program.ts';

/** Written immediately, because the next call may never return. */
const say = (words: SetProgramLine): void => {
  writeSync(1, `${JSON.stringify(words)}\n`);
};

function carryOut(order: Order): void {
  const { pid, fd } = order;
  try {
    withForeignSocket(pid, fd, (copy, found) => {
      say({ stage: 'borrowed' });
      try {
        const member = checkMember(found, pid, fd);
        if (member.inode !== order.inode || String(member.cookie) !== order.cookie)
          throw failure(
            'fd-reused',
            `pid ${pid} fd ${fd} became another socket in the meantime`,
            'run it again',
          );
        say(set(copy, order));
      } catch (error) {
        say(answerTo(error, order));
      }
    });
  } catch (error) {
    say(answerTo(explainBorrow(error, pid, fd), order));
  }
}

function set(copy: number, { program }: Order): SetProgramAnswer {
  if (program === null) return { done: detach(copy) };
  attachCbpf(copy, Buffer.from(program, 'base64'));
  return { done: true };
}

/** ENOENT means "no program attached". */
function detach(copy: number): boolean {
  try {
    detachProgram(copy);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function answerTo(error: unknown, { pid, fd }: Order): SetProgramAnswer {
  if (isFailure(error)) return { code: error.code, message: error.message, hint: error.hint };
  const code = errnoCode(error) ?? 'unknown';
  const message = error instanceof Error ? error.message : String(error);
  return { code, message: `setsockopt on pid ${pid} fd ${fd}: ${message}`, hint: hintFor(code) };
}

function hintFor(code: string): string {
  switch (code) {
    case 'ENOMEM':
      return 'raise net.core.optmem_max, the program is too large for it (sysctl net.core.optmem_max=131072)';
    case 'EINVAL':
      return 'the kernel refuses this program for this socket; see `locality-tune inspect`';
    case 'ENOPROTOOPT':
      return 'this kernel is too old: SO_ATTACH_REUSEPORT_CBPF needs 4.5, detaching 5.3';
    case 'EPERM':
      return 'the socket has SO_LOCK_FILTER set: choose another member of the group (--pid, --fd)';
    default:
      return 'see docs/troubleshooting.md';
  }
}

say({ stage: 'started' });
carryOut(JSON.parse(readFileSync(0).toString()) as Order);
