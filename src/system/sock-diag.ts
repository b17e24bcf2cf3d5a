/** inet_diag dumps (include/uapi/linux/inet_diag.h): the queries of `ss -lntu`, without starting it. */
import { formatAddress } from './address.ts';
import {
  type Ask,
  answerOf,
  decodeAttributes,
  encodeMessage,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  unsigned,
} from './netlink.ts';
import type { DiagSocket } from './types.ts';

type Protocol = DiagSocket['protocol'];

const SOCK_DIAG_BY_FAMILY = 20;
const AF = { 4: 2, 6: 10 } as const;
const IPPROTO = { tcp: 6, udp: 17 } as const;
const TCP_ESTABLISHED = 1;
const TCP_LISTEN = 10;
/** Listeners of TCP; UDP sockets of every state. */
const STATES = { tcp: 1 << TCP_LISTEN, udp: 0xffffffff } as const;
const INET_DIAG_SKMEMINFO = 7;
const INET_DIAG_SKV6ONLY = 11;
/** Index in the array of INET_DIAG_SKMEMINFO (include/uapi/linux/sock_diag.h). */
const SK_MEMINFO_DROPS = 8;
const SIZEOF_INET_DIAG_REQ_V2 = 56;
const SIZEOF_INET_DIAG_MSG = 72;

/**
 * A dump of one protocol and family: the kernel has no "both families". `states`: a bit per state of
 * include/net/tcp_states.h. `port`: the local one, 0 for all.
 */
export function encodeDiagRequest(
  protocol: Protocol,
  family: 4 | 6,
  states: number = STATES[protocol],
  port = 0,
): Uint8Array {
  const request = Buffer.alloc(SIZEOF_INET_DIAG_REQ_V2);
  request.writeUInt8(AF[family], 0);
  request.writeUInt8(IPPROTO[protocol], 1);
  request.writeUInt8(1 << (INET_DIAG_SKMEMINFO - 1), 2);
  request.writeUInt32LE(states, 4);
  request.writeUInt16BE(port, 8);
  return encodeMessage(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, request);
}

/** One struct inet_diag_msg with its attributes; null if it is too short, or not of an internet family. */
export function decodeDiagSocket(protocol: Protocol, payload: Uint8Array): DiagSocket | null {
  if (payload.length < SIZEOF_INET_DIAG_MSG) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const family = payload[0] === AF[4] ? 4 : payload[0] === AF[6] ? 6 : null;
  if (family === null) return null;
  const attributes = decodeAttributes(payload.subarray(SIZEOF_INET_DIAG_MSG));
  const v6only = unsigned(attributes.get(INET_DIAG_SKV6ONLY));
  const memory = attributes.get(INET_DIAG_SKMEMINFO);
  const drops = memory?.subarray(4 * SK_MEMINFO_DROPS, 4 * SK_MEMINFO_DROPS + 4);
  return {
    protocol,
    family,
    address: formatAddress(family, payload.subarray(8, 24)),
    port: view.getUint16(4),
    peerAddress: formatAddress(family, payload.subarray(24, 40)),
    peerPort: view.getUint16(6),
    ifindex: view.getUint32(40, true),
    cookie: view.getBigUint64(44, true),
    recvQueue: view.getUint32(56, true),
    sendQueue: view.getUint32(60, true),
    uid: view.getUint32(64, true),
    inode: view.getUint32(68, true),
    v6only: v6only === null ? null : v6only !== 0,
    drops: unsigned(drops),
  };
}

/**
 * Listening TCP and all UDP sockets of this network namespace. Throws SystemError, ENOENT without udp_diag or
 * tcp_diag.
 */
export async function dumpSockets(ask: Ask): Promise<DiagSocket[]> {
  const dumps = (['tcp', 'udp'] as const).flatMap((protocol) =>
    ([4, 6] as const).map((family) => dump(ask, protocol, encodeDiagRequest(protocol, family))),
  );
  return (await Promise.all(dumps)).flat();
}

/** Established TCP connections to a local port. Inode 0: not accepted yet. Throws as dumpSockets does. */
export async function dumpConnections(ask: Ask, port: number): Promise<DiagSocket[]> {
  const dumps = ([4, 6] as const).map((family) =>
    dump(ask, 'tcp', encodeDiagRequest('tcp', family, 1 << TCP_ESTABLISHED, port)),
  );
  return (await Promise.all(dumps)).flat();
}

async function dump(ask: Ask, protocol: Protocol, request: Uint8Array): Promise<DiagSocket[]> {
  return answerOf(await ask(request), `inet_diag ${protocol}`)
    .filter(({ type }) => type === SOCK_DIAG_BY_FAMILY)
    .map(({ payload }) => decodeDiagSocket(protocol, payload))
    .filter((socket) => socket !== null);
}
