import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFlow } from '../../src/path/flow.ts';
import { parseKey } from '../../src/path/rss-hash.ts';
import { type Fields, hashInput, type Xfrm } from '../../src/path/rss-input.ts';
import { type ToeplitzVariant, toeplitz } from '../../src/path/toeplitz.ts';

const key = (hex: string) => parseKey(hex) ?? expect.fail('no key');
const flow = (source: string, destination: string) => {
  const parsed = parseFlow('tcp', source, destination);
  return typeof parsed === 'string' ? expect.fail(parsed) : parsed;
};
const input = (source: string, destination: string, fields: Fields, xfrm: Xfrm = 'none') =>
  hashInput(flow(source, destination), fields, xfrm);

const MICROSOFT = key('6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa');

/** "Verifying the RSS hash calculation": source, destination, of addresses, with ports. */
const VECTORS = [
  ['66.9.149.187:2794', '161.142.100.80:1766', 0x323e8fc2, 0x51ccc178],
  ['199.92.111.2:14230', '65.69.140.83:4739', 0xd718262a, 0xc626b0ea],
  ['24.19.198.95:12898', '12.22.207.184:38024', 0xd2d0a5de, 0x5c2b394a],
  ['38.27.205.30:48228', '209.142.163.6:2217', 0x82989176, 0xafc7327f],
  ['153.39.163.191:44251', '202.188.127.2:1303', 0x5d1809c5, 0x10e828a2],
  ['[3ffe:2501:200:1fff::7]:2794', '[3ffe:2501:200:3::1]:1766', 0x2cc18cd5, 0x40207d3d],
  ['[3ffe:501:8::260:97ff:fe40:efab]:14230', '[ff02::1]:4739', 0x0f0c461c, 0xdde51bbf],
  ['[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251', '[fe80::200:f8ff:fe21:67cf]:38024', 0x4b61e985, 0x02d1feef],
] as const;

/** Bit by bit, as the specification words it. */
function slow(bytes: Uint8Array, data: Uint8Array): number {
  const bits = (of: Uint8Array) => [...of].flatMap((byte) => [...byte.toString(2).padStart(8, '0')]).join('');
  const ofKey = bits(bytes);
  return (
    [...bits(data)].reduce(
      (hash, bit, at) => (bit === '1' ? hash ^ Number.parseInt(ofKey.slice(at, at + 32), 2) : hash),
      0,
    ) >>> 0
  );
}

describe('toeplitz', () => {
  it.each(VECTORS)('hashes %s to %s as Microsoft does', (source, destination, addresses, ports) => {
    const hash = toeplitz(MICROSOFT);
    expect(hash(input(source, destination, 'sd'))).toBe(addresses);
    expect(hash(input(source, destination, 'sdfn'))).toBe(ports);
  });

  it.each([
    ['toeplitz', 0xa9828bd4, 84],
    ['toeplitz-reversed', 0xa4a1471a, 26],
    ['toeplitz-reversed-ones', 0x5b5eb8e5, 101],
  ] as [ToeplitzVariant, number, number][])('hashes as ENA does: %s', (variant, expected, entry) => {
    const ena = key(
      '77:d1:c9:34:a4:c9:bd:87:6e:35:dd:17:b2:e3:23:9e:39:6d:8a:93:2a:95:b4:72:3a:b3:7f:56:8e:de:b6:01:97:af:3b:2f:3a:70:e7:04',
    );
    const hash = toeplitz(ena, variant)(input('1.2.3.4:7000', '1.2.3.5:7000', 'sdfn'));
    expect([hash, hash % 128]).toEqual([expected, entry]);
  });

  it('is the bit-by-bit definition for every key and input', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 52 }),
        fc.uint8Array({ maxLength: 36 }),
        (of, data) => {
          expect(toeplitz(of)(data)).toBe(slow(of, data));
          expect(toeplitz(of, 'toeplitz-reversed')(data)).toBe(slow(of.toReversed(), data));
        },
      ),
    );
  });

  it('refuses what the key is too short for', () => {
    expect(() => toeplitz(new Uint8Array(39))(new Uint8Array(36))).toThrow('hashes no input of 36');
  });

  it('with a symmetric input gives both directions one hash', () => {
    const [one, other] = ['192.0.2.1:443', '198.51.100.7:40001'];
    for (const xfrm of ['symmetric-xor', 'symmetric-or-xor'] as const)
      for (const fields of ['sd', 'sdfn'] as const)
        expect(input(one, other, fields, xfrm)).toEqual(input(other, one, fields, xfrm));
    expect(input('1.2.3.4:1', '3.3.3.3:3', 'sdfn', 'symmetric-xor')).toEqual(
      Uint8Array.of(2, 1, 0, 7, 2, 1, 0, 7, 0, 2, 0, 2),
    );
    expect(input('1.2.3.4:1', '3.3.3.3:3', 'sdfn', 'symmetric-or-xor')).toEqual(
      Uint8Array.of(3, 3, 3, 7, 2, 1, 0, 7, 0, 3, 0, 2),
    );
  });
});
