/** What a program sees of UDP packets from given sources: their headers, and nothing of a payload. */
import { EMPTY, type Environment } from '../../src/cbpf/environment.ts';

const V4 = { protocol: 0x0800, header: 20, source: 12, words: 1 } as const;
const V6 = { protocol: 0x86dd, header: 40, source: 8, words: 4 } as const;

/** @param address one 32-bit word, or four */
export function from(address: readonly number[], port: number): Environment {
  const { protocol, header, source, words } = address.length === 1 ? V4 : V6;
  if (address.length !== words) throw new Error(`${address.length} words are no address`);
  const network = new Uint8Array(header + 8);
  const view = new DataView(network.buffer);
  network[0] = words === 1 ? 0x45 : 0x60;
  for (const [index, word] of address.entries()) view.setUint32(source + 4 * index, word);
  view.setUint16(header, port);
  return { ...EMPTY, protocol, network };
}

/** Sources as they come: neighbours in one network, one /24 after the other, an IPv6 /64, IPv6 by interface id. */
export const SOURCES: Readonly<Record<string, (index: number) => readonly number[]>> = {
  neighbours: (index) => [0x0a000000 + index],
  networks: (index) => [(index << 8) >>> 0],
  'IPv6 networks': (index) => [0x20010db8, index, 0, 1],
  'IPv6 interfaces': (index) => [0x20010db8, 0, 0x021122ff, 0xfe000000 + index],
};

/** Chi-square of counts against equal shares, divided by its degrees of freedom: near 1 when it is chance alone. */
export function unevenness(counts: readonly number[], shares = counts.map(() => 1)): number {
  const total = counts.reduce((sum, one) => sum + one, 0);
  const all = shares.reduce((sum, one) => sum + one, 0);
  const square = counts.reduce((sum, count, index) => {
    const expected = (total * (shares[index] ?? 0)) / all;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  return square / (counts.length - 1);
}
