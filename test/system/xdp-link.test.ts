import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/system/native.ts';
import {
  answerOf,
  decodeAttributes,
  decodeMessages,
  encodeAttribute,
  encodeMessage,
  encodeU32,
  NETLINK_ROUTE,
  reasonIn,
  unsigned,
} from '../../src/system/netlink.ts';
import { decodeLink, encodeSetXdp, readLink, readLinks } from '../../src/system/xdp-link.ts';
import { bytes } from './bytes.ts';

const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);

describe('a link', () => {
  it('decodes any bytes without throwing', () => {
    fc.assert(
      fc.property(bytes, (payload) => {
        const link = decodeLink(payload);
        expect(link === null || link.xdp.length <= 3).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has the programs that the kernel tells of, each with its mode', () => {
    const nested = Buffer.concat([
      encodeAttribute(2, Uint8Array.of(4)),
      encodeAttribute(5, encodeU32(15)),
      encodeAttribute(6, encodeU32(16)),
    ]);
    const payload = Buffer.concat([
      Buffer.alloc(16),
      encodeAttribute(3, Buffer.from('eth0\0')),
      encodeAttribute(43 | 0x8000, nested),
    ]);
    expect(decodeLink(payload)).toMatchObject({
      name: 'eth0',
      xdp: [
        { mode: 'native', programId: 15 },
        { mode: 'generic', programId: 16 },
      ],
    });
  });

  it('is read from this machine', async () => {
    const lo = (await readLinks(ask)).find(({ name }) => name === 'lo');
    expect(lo).toMatchObject({ ifindex: 1, kind: null, link: null, xdp: [] });
    expect(await readLink(ask, 1)).toEqual(lo);
    await expect(readLink(ask, 2 ** 30)).rejects.toMatchObject({ code: 'ENODEV' });
  });
});

describe('a request to attach', () => {
  const flagsOf = (request: Uint8Array): number => {
    const [message] = decodeMessages(request);
    const xdp = decodeAttributes(message?.payload.subarray(16) ?? new Uint8Array()).get(43);
    return unsigned(decodeAttributes(xdp ?? new Uint8Array()).get(3)) ?? 0;
  };

  it('always says what must be attached now', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('native' as const, 'generic' as const),
        fc.integer({ min: -1, max: 1_000 }),
        fc.option(fc.nat(1_000)),
        (mode, fd, expected) => {
          const flags = flagsOf(encodeSetXdp({ ifindex: 3, mode, fd, expected }));
          expect(flags & (1 | 16)).toBe(expected === null ? 1 : 16);
          expect(flags & (2 | 4)).toBe(mode === 'generic' ? 2 : 4);
        },
      ),
    );
  });
});

describe("the kernel's reason", () => {
  const refused = Buffer.concat([encodeU32(-16 >>> 0), Buffer.alloc(16)]);
  const reason = encodeAttribute(1, Buffer.from('XDP program already attached\0'));

  it('is part of the error', () => {
    const answer = encodeMessage(2, 0x300, refused, reason);
    expect(() => answerOf(answer, 'RTM_SETLINK')).toThrow(
      'RTM_SETLINK: EBUSY, resource busy or locked (the kernel says: XDP program already attached)',
    );
  });

  it('comes after a request that is repeated', () => {
    const request = encodeMessage(19, 5, Buffer.alloc(10));
    const payload = Buffer.concat([encodeU32(-16 >>> 0), request, Buffer.alloc(2), reason]);
    expect(reasonIn({ type: 2, flags: 0x200, payload })).toBe('XDP program already attached');
  });

  it('is found or not in any bytes, without throwing', () => {
    fc.assert(
      fc.property(bytes, fc.nat(0x3ff), fc.constantFrom(2, 3), (payload, flags, type) => {
        const found = reasonIn({ type, flags, payload });
        expect(found === null || typeof found === 'string').toBe(true);
      }),
    );
  });
});
