import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fill, place, vipKey } from '../../src/balance/fill.ts';
import { type AttachedVip, formatInForce, inOrder, parseInForce } from '../../src/balance/in-force.ts';
import { backendIn, backendOf, keyOf, vipIn } from '../../src/balance/maps.ts';
import { formatAddress } from '../../src/system/address.ts';
import { decodeNeighbour, decodeRoute } from '../../src/system/neighbours.ts';
import { isValueOf } from '../../src/tune/shape.ts';

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const address = fc
  .oneof(
    bytes(4).map((each) => formatAddress(4, each)),
    bytes(16).map((each) => formatAddress(6, each)),
  )
  // An IPv4-mapped address is IPv4.
  .filter((text) => !text.startsWith('::ffff:'));
const mac = bytes(6).map((each) => Array.from(each, (byte) => byte.toString(16).padStart(2, '0')).join(':'));
const vip: fc.Arbitrary<AttachedVip> = fc.record({
  address,
  port: fc.nat(65_535),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  backends: fc.uniqueArray(
    fc.record({
      address,
      weight: fc.nat(10_000),
      via: fc.constantFrom('mac' as const, 'ipip' as const),
      mac,
    }),
    { selector: (each) => each.address, minLength: 1, maxLength: 6 },
  ),
});
const inForce = fc.record({
  mode: fc.constantFrom('native' as const, 'generic' as const),
  seed: fc.nat(0xffff_ffff),
  flowCache: fc.option(fc.integer({ min: 1024, max: 1 << 24 })),
  vips: fc.uniqueArray(vip, { selector: vipKey, minLength: 1, maxLength: 5 }),
});
const LINK = { mac: '02:00:00:00:00:01', mtu: 1500, source4: null, source6: null };

describe('a balancer as text', () => {
  it('is read as it was written, in one order, and fits into a journal', () => {
    fc.assert(
      fc.property(inForce, (given) => {
        const text = formatInForce(given);
        expect(parseInForce(text)).toEqual({ ...given, vips: inOrder(given.vips) });
        expect(formatInForce({ ...given, vips: given.vips.toReversed() })).toBe(text);
        expect(isValueOf('xdp', text)).toBe(true);
      }),
    );
  });

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseInForce(text)).toBeNull();
      }),
    );
    fc.assert(
      fc.property(inForce, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (given, at, letter) => {
        const text = formatInForce(given);
        const index = at % text.length;
        const read = parseInForce(text.slice(0, index) + letter + text.slice(index + 1));
        if (read !== null) expect(parseInForce(formatInForce(read))).not.toBeNull();
      }),
    );
  });
});

describe('the maps', () => {
  it('have VIPs and backends as they were written', () => {
    fc.assert(
      fc.property(vip, fc.nat(4095), fc.nat(0xffff_ffff), fc.nat(255), (given, index, serial, table) => {
        const { backends, ...rest } = given;
        expect(vipIn(keyOf(given))).toEqual(rest);
        for (const backend of backends) {
          const placed = { index, serial, table, backend };
          expect(backendIn(backendOf(placed), index)).toEqual(placed);
        }
      }),
    );
  });

  it('give a backend that stays its index and serial, and a new one a free index', () => {
    fc.assert(
      fc.property(inForce, inForce, (before, after) => {
        let serial = 0;
        const keyed = (of: typeof before, placed: ReturnType<typeof place>) =>
          placed.map((each) => {
            const its = inOrder(of.vips)[each.table];
            return { ...each, vip: its === undefined ? '' : vipKey(its) };
          });
        const first = keyed(
          before,
          place(before, [], () => ++serial),
        );
        // Some of the backends stay, others come.
        const [kept] = before.vips;
        const next = {
          ...after,
          vips:
            kept === undefined
              ? after.vips
              : [...after.vips.filter((each) => vipKey(each) !== vipKey(kept)), kept],
        };
        const second = keyed(
          next,
          place(next, first, () => ++serial),
        );
        expect(new Set(second.map(({ index }) => index)).size).toBe(second.length);
        for (const each of second) {
          const was = first.find(
            (one) => one.vip === each.vip && one.backend.address === each.backend.address,
          );
          if (was !== undefined) expect([each.index, each.serial]).toEqual([was.index, was.serial]);
          else expect(first.some(({ index }) => index === each.index)).toBe(false);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are as many as the entries say', () => {
    const [one] = fc.sample(inForce, { numRuns: 1, seed: 7 });
    if (one === undefined) throw new Error('no sample');
    const placed = place(one, [], () => 1);
    const { sizes, entries } = fill(one, LINK, placed, [], 2);
    expect(sizes['tables']).toBe(one.vips.length);
    expect(entries.map(({ map }) => map)).toEqual(['backends', 'tables', 'configs', 'vips']);
  });
});

describe('routes and neighbours', () => {
  it('are read from any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (payload) => {
        decodeRoute(payload);
        decodeNeighbour(payload);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are read from the kernel’s layout', () => {
    // ndmsg: AF_INET, ifindex 7, NUD_STALE; NDA_DST, NDA_LLADDR.
    const neighbour = Buffer.from(
      '02000000070000000400000108000100' + '0a0000010a00020002000000000a0000',
      'hex',
    );
    expect(decodeNeighbour(neighbour)).toEqual({ ifindex: 7, address: '10.0.0.1', mac: '02:00:00:00:00:0a' });
    neighbour[8] = 0x20;
    expect(decodeNeighbour(neighbour)).toBeNull();
    // rtmsg: AF_INET; RTA_OIF, RTA_GATEWAY, RTA_PREFSRC.
    const route = Buffer.from(
      '02200000fe00000100000000' + '0800040007000000' + '080005000a0000fe' + '080007000a000002',
      'hex',
    );
    expect(decodeRoute(route)).toEqual({ ifindex: 7, gateway: '10.0.0.254', source: '10.0.0.2' });
  });
});
