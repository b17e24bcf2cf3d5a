/** /proc/net/{tcp,tcp6,udp,udp6}, for a captured tree and for kernels without sock_diag's modules. */
import { formatAddress } from '../system/address.ts';
import type { DiagSocket } from '../system/types.ts';

const TCP_LISTEN = '0A';
const DIGITS = { 4: 8, 6: 32 } as const;

/**
 * Listeners of TCP, every UDP socket (net/ipv4/tcp_ipv4.c, get_tcp4_sock; net/ipv4/udp.c, udp4_format_sock; their IPv6
 * twins). The files have no device and no v6only: `ifindex` is 0, `v6only` null, the cookie 0.
 */
export function parseProcNet(protocol: 'tcp' | 'udp', family: 4 | 6, text: string): DiagSocket[] {
  const sockets: DiagSocket[] = [];
  for (const line of text.split('\n')) {
    const [slot = '', local = '', peer = '', state, queues = '', , , uid, , inode, , , drops] = line
      .trim()
      .split(/\s+/);
    const here = parseEndpoint(local, family);
    const there = parseEndpoint(peer, family);
    const [, sendQueue = '', recvQueue = ''] = /^([0-9A-F]{8}):([0-9A-F]{8})$/.exec(queues) ?? [];
    if (!/^\d+:$/.test(slot) || here === null || there === null || recvQueue === '') continue;
    if (!isNumber(uid) || !isNumber(inode) || (protocol === 'tcp' && state !== TCP_LISTEN)) continue;
    sockets.push({
      protocol,
      family,
      ...here,
      peerAddress: there.address,
      peerPort: there.port,
      ifindex: 0,
      inode: Number(inode),
      cookie: 0n,
      uid: Number(uid),
      recvQueue: Number.parseInt(recvQueue, 16),
      sendQueue: Number.parseInt(sendQueue, 16),
      v6only: null,
      drops: protocol === 'udp' && isNumber(drops) ? Number(drops) : null,
    });
  }
  return sockets;
}

const isNumber = (digits: string | undefined): digits is string =>
  digits !== undefined && /^\d+$/.test(digits);

/** 32-bit words in the byte order of the machine that printed them, which is little-endian on all supported ones. */
function parseEndpoint(
  text: string,
  family: 4 | 6,
): { readonly address: string; readonly port: number } | null {
  const [, digits = '', port = ''] = /^([0-9A-F]+):([0-9A-F]{4})$/.exec(text) ?? [];
  if (digits.length !== DIGITS[family]) return null;
  const words = digits.match(/.{8}/g) ?? [];
  const bytes = Uint8Array.from(words.flatMap((word) => [...Buffer.from(word, 'hex')].reverse()));
  return { address: formatAddress(family, bytes), port: Number.parseInt(port, 16) };
}
