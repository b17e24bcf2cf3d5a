import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/system/native.ts';
import {
  decodeAttributes,
  decodeMessages,
  encodeAttribute,
  encodeU32,
  NETLINK_ROUTE,
} from '../../src/system/netlink.ts';
import {
  decodeFilter,
  decodeHookQdisc,
  encodeAddFilter,
  readFilters,
  readHookQdisc,
} from '../../src/system/tc.ts';
import { bytes } from './bytes.ts';

const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);

/** struct tcmsg with attributes. */
function payload(
  parent: number,
  handle: number,
  info: number,
  ...attributes: readonly Uint8Array[]
): Uint8Array {
  const head = Buffer.alloc(20);
  head.writeInt32LE(7, 4);
  head.writeUInt32LE(handle, 8);
  head.writeUInt32LE(parent, 12);
  head.writeUInt32LE(info, 16);
  return Buffer.concat([head, ...attributes]);
}
const kind = (name: string) => encodeAttribute(1, Buffer.from(`${name}\0`));

describe('a filter', () => {
  it('and a qdisc decode any bytes without throwing', () => {
    fc.assert(
      fc.property(bytes, (payload) => {
        const filter = decodeFilter(payload);
        expect(filter === null || filter.priority < 65_536).toBe(true);
        decodeHookQdisc(payload);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has its priority, its handle and the id of its program', () => {
    const options = encodeAttribute(2 | 0x8000, encodeAttribute(11, encodeU32(42)));
    const info = ((49_152 << 16) | 0x0300) >>> 0;
    expect(decodeFilter(payload(0xffff_fff3, 1, info, kind('bpf'), options))).toEqual({
      priority: 49_152,
      handle: 1,
      kind: 'bpf',
      programId: 42,
    });
    expect(decodeFilter(payload(0xffff_fff3, 1, info, kind('u32'), options))?.programId).toBeNull();
    // Only the head of the list of this priority.
    expect(decodeFilter(payload(0xffff_fff3, 0, info, kind('bpf')))).toBeNull();
  });

  it('is added with its qdisc in one write, of which only the last message is acknowledged', () => {
    const of = (makesClsact: boolean) =>
      decodeMessages(encodeAddFilter({ ifindex: 7, fd: 9, name: 'lt_own_port', makesClsact }));
    const both = of(true);
    // RTM_NEWQDISC, RTM_NEWTFILTER; NLM_F_ACK is 4, NLM_F_EXCL 0x200.
    expect(both.map(({ type, flags }) => [type, flags & 4, flags & 0x200])).toEqual([
      [36, 0, 0x200],
      [44, 4, 0x200],
    ]);
    expect(of(false)).toEqual(both.slice(1));
    const options = decodeAttributes(both[1]?.payload.subarray(20) ?? new Uint8Array()).get(2);
    expect(decodeAttributes(options ?? new Uint8Array()).get(6)).toEqual(encodeU32(9));
  });
});

describe('a qdisc', () => {
  it('is one of the hooks only below their parent', () => {
    expect(decodeHookQdisc(payload(0xffff_fff1, 0xffff_0000, 1, kind('clsact')))).toEqual({
      ifindex: 7,
      kind: 'clsact',
    });
    expect(decodeHookQdisc(payload(0xffff_ffff, 0, 2, kind('noqueue')))).toBeNull();
  });

  it('and filters are read from this machine', async () => {
    expect(await readHookQdisc(ask, 1)).toBeNull();
    expect(await readFilters(ask, 1, 'egress')).toEqual([]);
  });
});
