import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/system/native.ts';
import {
  decodeAttributes,
  encodeAttribute,
  encodeMessage,
  encodeU32,
  NETLINK_GENERIC,
} from '../../src/system/netlink.ts';
import { rssContexts } from '../../src/system/rss-contexts.ts';
import { bytes } from './bytes.ts';

const FAMILY = 0x21;
const family = encodeMessage(0x10, 0, new Uint8Array(4), encodeAttribute(1, Uint8Array.of(FAMILY, 0)));
const refusal = (errno: number) => encodeMessage(2, 0, new Uint8Array(new Int32Array([errno]).buffer));
const context = (...attributes: Uint8Array[]) => encodeMessage(FAMILY, 0, new Uint8Array(4), ...attributes);

/** First the number of the family, then the answer. */
function kernel(answer: Uint8Array) {
  const asked: Uint8Array[] = [];
  return { asked, ask: async (request: Uint8Array) => (asked.push(request) === 1 ? family : answer) };
}

describe('RSS contexts', () => {
  it('are those beside the main one', async () => {
    const header = encodeAttribute(1, new Uint8Array());
    const numbered = (number: number, ...more: Uint8Array[]) =>
      context(header, encodeAttribute(2, encodeU32(number)), ...more);
    const table = [
      encodeAttribute(3, encodeU32(1)),
      encodeAttribute(4, Buffer.concat([encodeU32(5), encodeU32(6)])),
      encodeAttribute(5, Uint8Array.of(1, 2, 3, 4)),
    ];
    const { ask, asked } = kernel(Buffer.concat([context(header), numbered(7, ...table), numbered(3)]));
    expect(await rssContexts(ask, 'eth0')).toEqual([
      { context: 3, indirection: [], key: new Uint8Array(), hashFunction: null },
      { context: 7, indirection: [5, 6], key: Uint8Array.of(1, 2, 3, 4), hashFunction: 'toeplitz' },
    ]);
    const nested = decodeAttributes(asked[1]?.subarray(20) ?? new Uint8Array()).get(1) ?? new Uint8Array();
    expect(Buffer.from(decodeAttributes(nested).get(2) ?? []).toString()).toBe('eth0\0');
  });

  it('are null if the kernel cannot list them', async () => {
    expect(await rssContexts(async () => refusal(-2), 'eth0')).toBeNull();
    expect(await rssContexts(kernel(refusal(-95)).ask, 'eth0')).toBeNull();
    await expect(rssContexts(kernel(refusal(-19)).ask, 'eth0')).rejects.toMatchObject({ code: 'ENODEV' });
  });

  it('of garbage are none', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        const contexts = await rssContexts(kernel(context(new Uint8Array(garbage))).ask, 'eth0');
        expect(contexts?.every(({ context }) => context > 0)).toBe(true);
      }),
    );
  });

  it('are answered for loopback, which has none', async () => {
    const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_GENERIC, request);
    expect((await rssContexts(ask, 'lo')) ?? []).toEqual([]);
    await expect(rssContexts(ask, 'lt-none')).rejects.toMatchObject({ code: 'ENODEV' });
  });
});
