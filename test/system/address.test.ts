import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../src/system/address.ts';

describe('formatAddress', () => {
  it('prints IPv4', () => {
    expect(formatAddress(4, Uint8Array.of(192, 0, 2, 255, 9))).toBe('192.0.2.255');
  });

  it('prints IPv6 as inet_ntop does', () => {
    const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const address = groups.map((each) => each.toString(16)).join(':');
        const bytes = Uint8Array.from(groups.flatMap((each) => [each >> 8, each & 0xff]));
        expect(formatAddress(6, bytes)).toBe(new SocketAddress({ family: 'ipv6', address }).address);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['::', []],
    ['::1', [15, 1]],
    ['::ffff:192.0.2.1', [10, 255, 11, 255, 12, 192, 14, 2, 15, 1]],
  ])('prints %s', (text, set) => {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < set.length; i += 2) bytes[set[i] ?? 0] = set[i + 1] ?? 0;
    expect(formatAddress(6, bytes)).toBe(text);
  });
});
