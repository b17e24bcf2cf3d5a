/** Internet addresses as text, in the form of inet_ntop(3) and `ss`. */

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
