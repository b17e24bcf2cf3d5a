/**
 * A copy of another process's socket in this process. Any call on it may wait forever, so only for child processes that
 * can be abandoned.
 */
import { native } from './native.ts';
import { cookieOf, inodeOf, localAddress, socketKind, tcpState } from './sockets.ts';
import type { ForeignSocket } from './types.ts';

const IPPROTO_TCP = 6;

/**
 * Duplicates a socket of another process, passes it to `use`, and always closes the copy at once: a copy that is held
 * while a worker dies would keep that worker's socket in its group. Throws ESRCH (no such process), EBADF (no such fd),
 * EPERM (ptrace access refused), ENOTSOCK.
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
    // A file that is not a socket is not closed here: closing may hang, and then only the exit of this process should.
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

/** The facts of borrow.ts for a copy in this process. Throws ENOTSOCK for anything else. */
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
