/** Turns a captured frame into what a program would see of it at the reuseport hook (net/core/sock_reuseport.c). */
import { EMPTY, type Environment } from '../cbpf/environment.ts';
import type { CapturedFrame } from './capture.ts';

/** A packet for which the kernel chooses a socket: a SYN, or a unicast datagram. */
export interface Choosing {
  readonly protocol: 'tcp' | 'udp';
  /** Destination. */
  readonly port: number;
  /** Offset 0 is the first byte after the TCP or UDP header. A capture has no cpu, rand, rxhash, queue and mark. */
  readonly environment: Environment;
  /** Offset of the TCP or UDP header in `environment.network`. */
  readonly transport: number;
  /** Is something missing that the program could read: the end of the packet, or the link-level header? */
  readonly incomplete: boolean;
}

/** Why the kernel chooses no socket for a frame, or why the choice is not known. */
export type PassedOver =
  | 'TCP, but no SYN'
  | 'neither TCP nor UDP'
  | 'not IP'
  | 'fragments'
  | 'multicast or broadcast'
  | 'sent by the machine itself'
  | 'malformed'
  | 'cut short by the capture'
  | 'of an unknown link type';

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
/** 802.1Q, 802.1ad, and its predecessor. */
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** Never throws. */
export function packetOf(frame: CapturedFrame): Choosing | PassedOver {
  const link = linkOf(frame);
  return typeof link === 'string' ? link : networkOf(frame, link);
}

/** What comes before the network header. */
interface Link {
  readonly protocol: number;
  /** Offset of the network header. */
  readonly network: number;
  readonly known: Partial<Environment>;
  /** Ethernet: the 12 bytes of addresses, which the kernel keeps. */
  readonly addresses: Uint8Array | null;
}

const ARPHRD = { ETHER: 1, LOOPBACK: 772, NONE: 0xfffe } as const;
/** `pkttype` of a cooked capture. */
const PACKET_OUTGOING = 4;

function linkOf(frame: CapturedFrame): Link | PassedOver {
  const { bytes, linkType } = frame;
  switch (linkType) {
    case 1: // Ethernet
      if (bytes.length < 14) return tooShort(frame);
      return untagged(frame, u16(bytes, 12), 14, { hatype: ARPHRD.ETHER }, bytes.subarray(0, 12));
    case 113: // Linux cooked
      if (bytes.length < 16) return tooShort(frame);
      if (u16(bytes, 0) === PACKET_OUTGOING) return 'sent by the machine itself';
      return untagged(frame, u16(bytes, 14), 16, { type: u16(bytes, 0), hatype: u16(bytes, 2) });
    case 276: // Linux cooked, version 2
      if (bytes.length < 20) return tooShort(frame);
      if (bytes[10] === PACKET_OUTGOING) return 'sent by the machine itself';
      return untagged(frame, u16(bytes, 0), 20, {
        type: bytes[10] ?? 0,
        hatype: u16(bytes, 8),
        ifindex: u32(bytes, 4),
      });
    case 12: // raw IP, as it is numbered on BSD
    case 14: // and on OpenBSD
    case 101: // raw IP
    case 228: // IPv4
    case 229: // IPv6
      return byVersion(frame, 0, { hatype: ARPHRD.NONE });
    case 0: // BSD loopback
    case 108: // OpenBSD loopback
      return byVersion(frame, 4, { hatype: ARPHRD.LOOPBACK });
    default:
      return 'of an unknown link type';
  }
}

/** Skips VLAN tags, which the kernel removes from the frame. */
function untagged(
  frame: CapturedFrame,
  ethertype: number,
  start: number,
  known: Partial<Environment>,
  addresses: Uint8Array | null = null,
): Link | PassedOver {
  let protocol = ethertype;
  let network = start;
  while (TAGS.has(protocol)) {
    if (frame.bytes.length < network + 4) return tooShort(frame);
    protocol = u16(frame.bytes, network + 2);
    network += 4;
  }
  return protocol === ETH_P_IP || protocol === ETH_P_IPV6
    ? { protocol, network, known, addresses }
    : 'not IP';
}

function byVersion(frame: CapturedFrame, network: number, known: Partial<Environment>): Link | PassedOver {
  const first = frame.bytes[network];
  if (first === undefined) return tooShort(frame);
  const protocol = new Map([
    [4, ETH_P_IP],
    [6, ETH_P_IPV6],
  ]).get(first >> 4);
  return protocol === undefined ? 'not IP' : { protocol, network, known, addresses: null };
}

/** Where the transport header begins and the IP packet ends; the kernel cuts off padding after it. */
interface Span {
  readonly protocol: number;
  readonly start: number;
  readonly end: number;
}

function networkOf(frame: CapturedFrame, link: Link): Choosing | PassedOver {
  const span = link.protocol === ETH_P_IP ? ipv4(frame, link.network) : ipv6(frame, link.network);
  if (typeof span === 'string') return span;
  if (span.protocol === IPPROTO_TCP) return tcp(frame, link, span);
  return span.protocol === IPPROTO_UDP ? udp(frame, link, span) : 'neither TCP nor UDP';
}

function ipv4(frame: CapturedFrame, at: number): Span | PassedOver {
  const { bytes } = frame;
  if (bytes.length < at + 20) return tooShort(frame);
  const header = ((bytes[at] ?? 0) & 0xf) * 4;
  // A packet that hardware or the kernel has merged to more than 64 KB has a length of 0.
  const total = u16(bytes, at + 2) || frame.length - at;
  if ((bytes[at] ?? 0) >> 4 !== 4 || header < 20 || total < header || at + total > frame.length)
    return 'malformed';
  if ((u16(bytes, at + 6) & 0x3fff) !== 0) return 'fragments';
  const to = u32(bytes, at + 16);
  if (to >>> 28 === 0xe || to === 0xffffffff) return 'multicast or broadcast';
  return { protocol: bytes[at + 9] ?? 0, start: at + header, end: at + total };
}

const [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION] = [0, 43, 44, 51, 60];

function ipv6(frame: CapturedFrame, at: number): Span | PassedOver {
  const { bytes } = frame;
  if (bytes.length < at + 40) return tooShort(frame);
  const payload = u16(bytes, at + 4) || frame.length - at - 40;
  const end = at + 40 + payload;
  if ((bytes[at] ?? 0) >> 4 !== 6 || end > frame.length) return 'malformed';
  if (bytes[at + 24] === 0xff) return 'multicast or broadcast';
  let protocol = bytes[at + 6] ?? 0;
  let start = at + 40;
  for (;;) {
    const [next, length = 0] = bytes.subarray(start, start + 2);
    if (protocol === HOP_BY_HOP || protocol === ROUTING || protocol === DESTINATION)
      start += (length + 1) * 8;
    else if (protocol === AUTHENTICATION) start += (length + 2) * 4;
    else if (protocol === FRAGMENT) {
      if (start + 4 <= bytes.length && (u16(bytes, start + 2) & 0xfff9) !== 0) return 'fragments';
      start += 8;
    } else return { protocol, start, end };
    if (start > end) return 'malformed';
    if (next === undefined || start > bytes.length) return tooShort(frame);
    protocol = next;
  }
}

const SYN = 0x02;
const ACK = 0x10;

function tcp(frame: CapturedFrame, link: Link, { start, end }: Span): Choosing | PassedOver {
  const { bytes } = frame;
  if (bytes.length < start + 14) return tooShort(frame);
  const header = ((bytes[start + 12] ?? 0) >> 4) * 4;
  if (header < 20 || start + header > end) return 'malformed';
  if (((bytes[start + 13] ?? 0) & (SYN | ACK)) !== SYN) return 'TCP, but no SYN';
  return choosing('tcp', frame, link, start, start + header, end);
}

function udp(frame: CapturedFrame, link: Link, { start, end }: Span): Choosing | PassedOver {
  if (frame.bytes.length < start + 8) return tooShort(frame);
  const length = u16(frame.bytes, start + 4);
  // 0 over IPv6: a jumbogram (RFC 2675), as long as its IP packet.
  const whole = length === 0 && link.protocol === ETH_P_IPV6 ? end - start : length;
  if (whole < 8 || start + whole > end) return 'malformed';
  return choosing('udp', frame, link, start, start + 8, start + whole);
}

function choosing(
  protocol: 'tcp' | 'udp',
  { bytes }: CapturedFrame,
  { protocol: ethertype, network, known, addresses }: Link,
  transport: number,
  payload: number,
  end: number,
): Choosing {
  const packet = bytes.subarray(payload, end);
  const header = bytes.subarray(network, end);
  const environment: Environment = {
    ...EMPTY,
    ...known,
    protocol: ethertype,
    packet,
    length: end - payload,
    network: header,
    link: addresses && withLink(addresses, ethertype, header),
  };
  return {
    protocol,
    port: u16(bytes, transport + 2),
    environment,
    transport: transport - network,
    incomplete: end > bytes.length || addresses === null,
  };
}

function withLink(addresses: Uint8Array, ethertype: number, rest: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + rest.length);
  frame.set(addresses);
  frame.set([ethertype >> 8, ethertype & 0xff], 12);
  frame.set(rest, 14);
  return frame;
}

/** Too short for a header: the capture has cut it, or it is not a packet of that kind. */
function tooShort({ bytes, length }: CapturedFrame): PassedOver {
  return bytes.length < length ? 'cut short by the capture' : 'malformed';
}

const u16 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const u32 = (bytes: Uint8Array, at: number) => u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
