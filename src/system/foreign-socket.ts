/** A copy of another process's socket in this process. Any call on it may wait for ever: for processes that may be lost. */
import { native } from './native.ts';
import { cookieOf, inodeOf, localAddress, socketKind, tcpState } from './sockets.ts';
import type { ForeignSocket } from './types.ts';

const IPPROTO_TCP = 6;

/**
 * Duplicates a socket out of another process, hands it to `use`, and closes the copy at once, whatever that does: a copy
 * held while a worker dies would keep that worker's socket in its group.
 * Throws ESRCH (no such process), EBADF (no such fd), EPERM (ptrace access refused), ENOTSOCK.
 */
export function withForeignSocket<T>(
  pid: number,
  fd: number,
  use: (copy: number, socket: ForeignSocket) => T,
): T {
  const { pidfdOpen, pidfdGetfd, close } = native();
  const pidfd = pidfdOpen(pid);
  try {
    const copy = pidfdGetfd(pidfd, fd);
    // What is no socket is not closed: that may hang, and then only the end of this process shall.
    const socket = socketOf(copy);
    try {
      return use(copy, socket);
    } finally {
      close(copy);
    }
  } finally {
    close(pidfd);
  }
}

/** What borrow.ts tells of a socket, of a copy that is here. Throws ENOTSOCK for anything else. */
function socketOf(copy: number): ForeignSocket {
  const kind = socketKind(copy);
  return {
    ...kind,
    inode: inodeOf(copy),
    cookie: cookieOf(copy),
    netns: null,
    tcpState: kind.protocol === IPPROTO_TCP ? tcpState(copy) : null,
    local: localAddress(copy),
  };
}
