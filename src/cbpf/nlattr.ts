/** The netlink attribute search behind `ld nla` and `ld nlan` (net/core/filter.c, bpf_skb_get_nlattr()). */

const HEADER = 4;
const NLA_TYPE_MASK = 0x3fff;

/** Offset of the first attribute of `type` in the attributes that start at `from`; 0 when there is none. */
export function findAttribute(packet: Uint8Array, from: number, type: number): number {
  return from > packet.length - HEADER ? 0 : find(packet, from, packet.length, type);
}

/** The same inside the attribute that starts at `from`. */
export function findNestedAttribute(packet: Uint8Array, from: number, type: number): number {
  if (from > packet.length - HEADER) return 0;
  const end = from + field(packet, from);
  return end > packet.length ? 0 : find(packet, from + HEADER, end, type);
}

function find(packet: Uint8Array, from: number, end: number, type: number): number {
  for (let at = from; end - at >= HEADER; ) {
    const length = field(packet, at);
    if (length < HEADER || length > end - at) return 0;
    if ((field(packet, at + 2) & NLA_TYPE_MASK) === type) return at;
    at += (length + 3) & ~3;
  }
  return 0;
}

/** nla_len and nla_type are in host order. */
function field(packet: Uint8Array, at: number): number {
  return new DataView(packet.buffer, packet.byteOffset + at, 2).getUint16(0, true);
}
