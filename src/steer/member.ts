/** The checks before a program is attached to a group through one of its members. */
import { errnoCode, failure, isSystemError } from '../system/errors.ts';
import type { ForeignSocket, Kernel } from '../system/types.ts';

export interface Member {
  readonly pid: number;
  readonly fd: number;
  readonly inode: number;
  /** SO_COOKIE: an inode is given away again, a cookie is not. */
  readonly cookie: bigint;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
/** include/net/tcp_states.h: neither listening nor connected. */
const TCP_CLOSE = 7;

/**
 * Identifies the socket, without changing anything, after every check that prevents harm by an attach. Throws Failure:
 * everything of `checkMember` and `explainBorrow`.
 */
export async function identify(kernel: Kernel, pid: number, fd: number): Promise<Member> {
  const [found] = await kernel.borrow([{ pid, fd, cookie: null }]);
  if (found === undefined || isSystemError(found)) throw explainBorrow(found, pid, fd);
  return checkMember(found, pid, fd);
}

/** Throws Failure: not-inet, not-reuseport, accepted-connection, not-listening. */
export function checkMember(found: ForeignSocket, pid: number, fd: number): Member {
  const socket = `pid ${pid} fd ${fd}`;
  const protocol = checkKind(found, socket);
  const { inode, cookie, local } = found;
  if (local === null) throw failure('not-inet', `${socket} has no IP address`, 'choose a TCP or UDP socket');
  return { pid, fd, inode, cookie, protocol, address: local.address, port: local.port };
}

function checkKind(kind: ForeignSocket, socket: string): 'tcp' | 'udp' {
  const inet = kind.domain === AF_INET || kind.domain === AF_INET6;
  const protocol = kind.protocol === IPPROTO_TCP ? 'tcp' : kind.protocol === IPPROTO_UDP ? 'udp' : null;
  if (!inet || protocol === null)
    throw failure('not-inet', `${socket} is neither a TCP nor a UDP socket`, 'see `locality-tune inspect`');
  if (!kind.reuseport)
    throw failure(
      'not-reuseport',
      `${socket} was not opened with SO_REUSEPORT, so it belongs to no group`,
      'have the server open one SO_REUSEPORT socket per worker (nginx: `listen … reuseport`)',
    );
  // For a TCP socket that is bound but not listening the kernel makes a separate group: the call succeeds, changes
  // nothing in the live group, and the socket's next listen() fails with EADDRINUSE.
  if (protocol === 'tcp' && !kind.listening) {
    if (kind.tcpState !== TCP_CLOSE)
      throw failure(
        'accepted-connection',
        `${socket} is a connection, not a listener`,
        'choose the listening socket; `locality-tune inspect --port PORT` lists it',
      );
    throw failure(
      'not-listening',
      `${socket} is bound but not listening: attaching would separate it from its group`,
      'start the server, then try again',
    );
  }
  return protocol;
}

/** Failure gone, no-such-fd, not-a-socket, EPERM, ENOSYS, descriptor-silent; any other error as it is. */
export function explainBorrow(error: unknown, pid: number, fd: number): unknown {
  switch (errnoCode(error)) {
    case 'ESRCH':
      return failure('gone', `there is no process ${pid}`, '`locality-tune inspect` lists the workers');
    case 'EBADF':
      return failure('no-such-fd', `process ${pid} has no file descriptor ${fd}`, `see /proc/${pid}/fd`);
    case 'ENOTSOCK':
      return failure('not-a-socket', `pid ${pid} fd ${fd} is not a socket`, `see /proc/${pid}/fd`);
    case 'EPERM':
      return failure(
        'EPERM',
        `pidfd_getfd of pid ${pid} fd ${fd} is not permitted`,
        'it needs CAP_SYS_PTRACE (run as root), and Yama ptrace_scope below 3',
      );
    case 'ETIMEDOUT':
      return failure(
        'descriptor-silent',
        `the kernel does not answer for pid ${pid} fd ${fd}, or not in time`,
        `its owner may block it on purpose: check process ${pid} and /proc/${pid}/fd/${fd}`,
      );
    case 'ENOSYS':
      return failure('ENOSYS', 'this kernel has no pidfd_getfd', 'Linux 5.6 or later is needed');
    default:
      return error;
  }
}
