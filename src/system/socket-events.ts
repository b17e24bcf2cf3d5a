/** Notifications of sock_diag's destroy groups (include/uapi/linux/sock_diag.h, net/core/sock_diag.c). */
import { decodeMessages } from './netlink.ts';
import { decodeDiagSocket } from './sock-diag.ts';
import { EVERYTHING, jumpIf, loadHalf, result } from './socket-filter.ts';
import type { DiagSocket } from './types.ts';

/** SKNLGRP_INET_*_DESTROY, SKNLGRP_INET6_*_DESTROY. */
export const DESTROY_GROUPS = { tcp: [1, 3], udp: [2, 4] } as const;
const SOCK_DIAG_BY_FAMILY = 20;
const SIZEOF_NLMSGHDR = 16;
/** In struct inet_diag_msg, in network byte order. */
const SOURCE_PORT = SIZEOF_NLMSGHDR + 4;
const PEER_PORT = SIZEOF_NLMSGHDR + 6;
/** A jump has 8 bits. */
const MOST_PORTS = 200;

/** A socket without a peer (a listener, a UDP server) that was closed by its last owner. */
export interface SocketEvent {
  readonly kind: 'socket-closed';
  readonly protocol: DiagSocket['protocol'];
  readonly family: 4 | 6;
  /** Local address in text, never with brackets. */
  readonly address: string;
  readonly port: number;
  /** Interface of SO_BINDTODEVICE, 0 if unbound. */
  readonly ifindex: number;
  /** As in `DiagSocket` and `ForeignSocket`. It has no inode any more. */
  readonly cookie: bigint;
}

/** The notifications of a datagram, from any bytes. */
export function decodeSocketEvents(bytes: Uint8Array, protocol: DiagSocket['protocol']): SocketEvent[] {
  return decodeMessages(bytes).flatMap(({ type, payload }) => {
    const socket = type === SOCK_DIAG_BY_FAMILY ? decodeDiagSocket(protocol, payload) : null;
    if (socket === null || socket.peerPort !== 0) return [];
    const { family, address, port, ifindex, cookie } = socket;
    return [{ kind: 'socket-closed', protocol, family, address, port, ifindex, cookie }];
  });
}

/**
 * A socket filter that passes sockets without a peer, so that the end of a connection
 * wakes nobody. With `ports`, only sockets bound to one of them; all, if the list is empty or too long for a filter.
 */
export function closedSocketFilter(ports: readonly number[]): Uint8Array {
  const compared = ports.length > MOST_PORTS ? [] : ports;
  const refuse = 2 + (compared.length === 0 ? 0 : 1 + compared.length);
  const pass = refuse + 1;
  const program = [
    loadHalf(PEER_PORT),
    // Without ports the next instruction is the refusal.
    compared.length === 0 ? jumpIf(0, pass - 2, 0) : jumpIf(0, 0, refuse - 2),
    ...(compared.length === 0 ? [] : [loadHalf(SOURCE_PORT)]),
    ...compared.map((port, at) => jumpIf(port, pass - (4 + at), 0)),
    result(0),
    result(EVERYTHING),
  ];
  return Buffer.concat(program);
}
