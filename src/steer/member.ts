/** The checks that must hold before a program may go to a group through one of its members. */
import { errnoCode, failure } from '../system/errors.ts';
import { inodeOf, localAddress, tcpState } from '../system/sockets.ts';
import type { Kernel, SocketKind } from '../system/types.ts';

export interface Member {
  readonly pid: number;
  readonly fd: number;
  readonly inode: number;
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
 * Runs `use` with a short-lived copy of the socket, after every check that keeps an attach from doing harm.
 * Throws Failure: gone, no-such-fd, EPERM, not-a-socket, not-inet, not-reuseport, accepted-connection, not-listening.
 */
export function withMember<T>(
  kernel: Kernel,
  pid: number,
  fd: number,
  use: (copy: number, member: Member) => T,
): T {
  const socket = `pid ${pid} fd ${fd}`;
  try {
    return kernel.withForeignSocket(pid, fd, (copy) => {
      const protocol = checkKind(kernel.socketKind(copy), copy, socket);
      const local = localAddress(copy);
      if (local === null)
        throw failure('not-inet', `${socket} has no IP address`, 'choose a TCP or UDP socket');
      return use(copy, { pid, fd, inode: inodeOf(copy), protocol, address: local.address, port: local.port });
    });
  } catch (error) {
    throw explain(error, pid, fd);
  }
}

/** What the socket is, without changing anything. */
export const identify = (kernel: Kernel, pid: number, fd: number): Member =>
  withMember(kernel, pid, fd, (_copy, member) => member);

function checkKind(kind: SocketKind, copy: number, socket: string): 'tcp' | 'udp' {
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
  // Through a TCP socket that is bound but not listening the kernel makes a group of its own: the call succeeds,
  // changes nothing in the live group, and the socket's next listen() fails with EADDRINUSE.
  if (protocol === 'tcp' && !kind.listening) {
    if (tcpState(copy) !== TCP_CLOSE)
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

function explain(error: unknown, pid: number, fd: number): unknown {
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
    case 'ENOSYS':
      return failure('ENOSYS', 'this kernel has no pidfd_getfd', 'Linux 5.6 or later is needed');
    default:
      return error;
  }
}
