/** Addresses as the program hashes them: 32-bit words, as little-endian loads find them in a packet. */
import { parseAddress } from '../system/address.ts';

/** One word for IPv4, four for IPv6. Throws TypeError for any other text. */
export function addressWords(address: string): readonly number[] {
  const bytes = parseAddress(address);
  if (bytes === null) throw new TypeError(`${address} is no address`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, word) => view.getUint32(4 * word, true));
}
