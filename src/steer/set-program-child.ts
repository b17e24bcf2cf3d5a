/** The child of set-program.ts: one Order on stdin, one system call, one SetProgramAnswer on stdout. */

import { readFileSync } from 'node:fs';
import { errnoCode, failure, isFailure } from '../system/errors.ts';
import { openKernel } from '../system/kernel.ts';
import { attachCbpf, detachProgram } from '../system/sockets.ts';
import { withMember } from './member.ts';
import type { Order, SetProgramAnswer } from './set-program.ts';

function carryOut(order: Order): SetProgramAnswer {
  const socket = `pid ${order.pid} fd ${order.fd}`;
  try {
    return withMember(openKernel(), order.pid, order.fd, (copy, member) => {
      if (member.inode !== order.inode)
        throw failure(
          'fd-reused',
          `${socket} became another socket in the meantime`,
          'look again and repeat',
        );
      if (order.program !== null) {
        attachCbpf(copy, Buffer.from(order.program, 'base64'));
        return { done: true };
      }
      return { done: detach(copy) };
    });
  } catch (error) {
    if (isFailure(error)) return { code: error.code, message: error.message, hint: error.hint };
    const code = errnoCode(error) ?? 'unknown';
    return { code, message: `setsockopt on ${socket}: ${(error as Error).message}`, hint: hintFor(code) };
  }
}

/** ENOENT is the kernel's word for "no program attached". */
function detach(copy: number): boolean {
  try {
    detachProgram(copy);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
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

process.stdout.write(JSON.stringify(carryOut(JSON.parse(readFileSync(0, 'utf8')) as Order)));
