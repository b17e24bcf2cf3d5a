/** Internet addresses as text, in the form of inet_ntop(3) and `ss`. */
import { isIP } from './ip.ts';

/** `bytes`: 4 or 16 in network order, more are ignored. */
export function formatAddress(family: 4 | 6, bytes: Uint8Array): string {
  return family === 4 ? bytes.subarray(0, 4).join('.') : formatIpv6(bytes);
}

/** Written by hand, because net.SocketAddress is too slow for a dump of thousands of sockets. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  // The first of the longest runs of two or more zeros becomes `::` (RFC 5952).
  let start = 0;
  let length = 0;
  for (let from = 0, i = 0; i < 8; i++) {
    if (groups[i] !== 0) from = i + 1;
    else if (i + 1 - from > Math.max(length, 1)) [start, length] = [from, i + 1 - from];
  }
  if (start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) {
    return `::${length === 5 ? 'ffff:' : ''}${bytes.subarray(12, 16).join('.')}`;
  }
  const text = groups.map((group) => group.toString(16));
  if (length === 0) return text.join(':');
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`;
}

/**
 * Bytes of an address in network order; null for other text, and for an address with a zone. An IPv4-mapped address
 * (`::ffff:192.0.2.1`) is IPv4 on the wire, and so here.
 */
export function parseAddress(text: string): Uint8Array | null {
  const version = isIP(text);
  if (version === 4) return Uint8Array.from(text.split('.'), Number);
  if (version !== 6 || text.includes('%')) return null;
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = hex.split('::');
  const words = (part: string) =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const [first, last] = [words(head), words(tail ?? '')];
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  const bytes = Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
  const mapped = all.slice(0, 6).join() === '0,0,0,0,0,65535';
  return mapped ? bytes.slice(12) : bytes;
}

/** The usual form of an address: `2001:DB8:0::1` is `2001:db8::1`; null for other text. */
export function canonicalAddress(text: string): string | null {
  const bytes = parseAddress(text);
  return bytes === null ? null : formatAddress(bytes.length === 4 ? 4 : 6, bytes);
}
