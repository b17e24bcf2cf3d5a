/** Reads and changes a socket that this process holds. All throw SystemError (code, errno, syscall). */
import { fstatSync } from 'node:fs';
import { formatAddress } from './address.ts';
import { native } from './native.ts';
import type { LocalAddress, SocketKind } from './types.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_REUSEPORT = 15;
const SO_ACCEPTCONN = 30;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const SO_INCOMING_CPU = 49;
const SO_COOKIE = 57;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const TCP_INFO = 11;

const option = (fd: number, name: number): number => native().getsockoptInt(fd, SOL_SOCKET, name);

/** Throws ENOTSOCK for a descriptor of another kind. */
export function socketKind(fd: number): SocketKind {
  return {
    domain: option(fd, SO_DOMAIN),
    type: option(fd, SO_TYPE),
    protocol: option(fd, SO_PROTOCOL),
    reuseport: option(fd, SO_REUSEPORT) !== 0,
    listening: option(fd, SO_ACCEPTCONN) !== 0,
    incomingCpu: incomingCpu(fd),
  };
}

/** SO_INCOMING_CPU: for a connection, the CPU that processed its latest packet; for others the set value, or -1. */
export const incomingCpu = (fd: number): number => option(fd, SO_INCOMING_CPU);

export function protocolOf(fd: number): 'tcp' | 'udp' | null {
  const protocol = option(fd, SO_PROTOCOL);
  return protocol === IPPROTO_TCP ? 'tcp' : protocol === IPPROTO_UDP ? 'udp' : null;
}

/** State of a TCP socket as in include/net/tcp_states.h: 1 established, 7 closed, 10 listening. */
export function tcpState(fd: number): number {
  // The first byte of struct tcp_info; the kernel cuts off the rest.
  return native().getsockoptInt(fd, IPPROTO_TCP, TCP_INFO) & 0xff;
}

/** The number that /proc/PID/fd and sock_diag show. */
export const inodeOf = (fd: number): number => fstatSync(fd).ino;

/** Unique to this socket until the next boot; inodes are reused. */
export const cookieOf = (fd: number): bigint => native().getsockoptU64(fd, SOL_SOCKET, SO_COOKIE);

/** null for a socket that is neither IPv4 nor IPv6. */
export function localAddress(fd: number): LocalAddress | null {
  return decodeAddress(native().getsockname(fd));
}

/** struct sockaddr_in or sockaddr_in6; null for anything else, or too short. */
export function decodeAddress(bytes: Uint8Array): LocalAddress | null {
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const port = view.getUint16(2);
  switch (view.getUint16(0, true)) {
    case AF_INET:
      return { family: 4, address: formatAddress(4, bytes.subarray(4, 8)), port };
    case AF_INET6:
      return bytes.length < 24 ? null : { family: 6, address: formatAddress(6, bytes.subarray(8, 24)), port };
    default:
      return null;
  }
}

/**
 * Attaches `program` (struct sock_filter, 8 bytes each) to the socket's reuseport group. The caller must have checked
 * that the socket belongs to one and, for TCP, listens. Can hang forever if the kernel's BPF allocator is stuck.
 */
export function attachCbpf(fd: number, program: Uint8Array): void {
  native().attachReuseportCbpf(fd, program);
}

/** Detaches the group's program, also an eBPF one. ENOENT if there is none. */
export function detachProgram(fd: number): void {
  native().detachReuseportBpf(fd);
}

/** `tid` 0 is the calling thread. A cpuset silently removes CPUs: read the result with `Kernel.affinity`. */
export function setAffinity(tid: number, cpus: readonly number[]): void {
  native().schedSetaffinity(tid, cpus);
}
