/** Packets for the programs, byte by byte, and how their flow is hashed (bpf/spread.h). */
import { hashOf } from '../../src/xdp/hash.ts';

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value);
export const u32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const ETHERNET = Buffer.from('0200000000010200000000020800', 'hex').subarray(0, 12);

export interface Flow {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const PROTOCOL = { udp: 17, tcp: 6, gre: 47, ipip: 4, ipv6: 41, esp: 50 } as const;
export type Protocol = keyof typeof PROTOCOL;

/** Of 4 or 16 bytes of address each. */
export function network(
  { source, destination }: Pick<Flow, 'source' | 'destination'>,
  protocol: Protocol,
  payload: Uint8Array,
  { options = 0, fragment = 0, extensions = [] as readonly number[] } = {},
): Uint8Array {
  if (source.length === 4) {
    const header = Buffer.alloc(20 + 4 * options);
    header[0] = 0x45 + options;
    header.writeUInt16BE(header.length + payload.length, 2);
    header.writeUInt16BE(fragment, 6);
    header.set([64, PROTOCOL[protocol]], 8);
    header.set(source, 12);
    header.set(destination, 16);
    return Buffer.concat([header, payload]);
  }
  const chain = extensions.map((type, at) => {
    const extension = Buffer.alloc(type === 44 ? 8 : 16);
    extension[0] = extensions[at + 1] ?? PROTOCOL[protocol];
    extension[1] = type === 44 ? 0 : 1;
    return extension;
  });
  const body = Buffer.concat([...chain, payload]);
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header.set([extensions[0] ?? PROTOCOL[protocol], 64], 6);
  header.set(source, 8);
  header.set(destination, 24);
  return Buffer.concat([header, body]);
}

export const udp = ({ sourcePort, destinationPort }: Flow, payload: Uint8Array): Uint8Array =>
  Buffer.concat([u16(sourcePort), u16(destinationPort), u16(8 + payload.length), u16(0), payload]);

export const tcp = ({ sourcePort, destinationPort }: Flow): Uint8Array =>
  Buffer.concat([u16(sourcePort), u16(destinationPort), Buffer.alloc(16)]);

/** `tags`: VLAN ids, the outermost first. */
export function ethernet(packet: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const type = (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  const words = tags.flatMap((tag, at) => [u16(at === 0 && tags.length > 1 ? 0x88a8 : 0x8100), u16(tag)]);
  return Buffer.concat([ETHERNET, ...words, u16(type), packet]);
}

/** 32-bit little-endian words, as the programs load them; 16 bytes are folded by xor. */
const folded = (address: Uint8Array): number => {
  const words = Buffer.from(address);
  let word = 0;
  for (let at = 0; at < words.length; at += 4) word ^= words.readInt32LE(at);
  return word;
};
export const word = (bytes: Uint8Array): number => Buffer.from(bytes).readInt32LE(0);

/** @param last what stands for the ports; default: the ports */
export const flowHash = (seed: number, flow: Flow, last: Uint8Array | null = null): number =>
  hashOf(seed, [
    folded(flow.source),
    folded(flow.destination),
    word(last ?? Buffer.concat([u16(flow.sourcePort), u16(flow.destinationPort)])),
  ]);

const vxlan = (inner: Uint8Array) => Buffer.concat([u32(0x0800_0000), u32(42 << 8), ethernet(inner)]);
const gtp = (inner: Uint8Array, extended: boolean) =>
  Buffer.concat([
    Uint8Array.of(extended ? 0x34 : 0x30, 255),
    u16(inner.length),
    u32(7),
    // Sequence, N-PDU, then a PDU session container.
    ...(extended ? [Uint8Array.of(0, 0, 0, 0x85), Uint8Array.of(1, 0, 9, 0)] : []),
    inner,
  ]);
/** @param flags checksum 0x8000, key 0x2000, sequence 0x1000 */
const gre = (inner: Uint8Array, flags: number, ethernetInside: boolean) =>
  Buffer.concat([
    u16(flags),
    u16(ethernetInside ? 0x6558 : (inner[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800),
    Buffer.alloc(4 * [0x8000, 0x2000, 0x1000].filter((bit) => flags & bit).length, 0xaa),
    ethernetInside ? ethernet(inner) : inner,
  ]);
export const tunnels = { vxlan, gtp, gre };
