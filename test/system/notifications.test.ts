import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/cbpf/instruction.ts';
import { simulate } from '../../src/cbpf/simulate.ts';
import { decodeCpuEvents, onlineFilter } from '../../src/system/cpu-events.ts';
import { decodeEthtoolEvents } from '../../src/system/ethtool-events.ts';
import { decodeFamily, lookUpFamily } from '../../src/system/genetlink.ts';
import { decodeLinkEvents } from '../../src/system/link-events.ts';
import { native } from '../../src/system/native.ts';
import { decodeNetdevEvents } from '../../src/system/netdev-events.ts';
import { encodeAttribute, encodeMessage, encodeU32, NETLINK_GENERIC } from '../../src/system/netlink.ts';
import { closedSocketFilter, decodeSocketEvents } from '../../src/system/socket-events.ts';
import { bytes } from './bytes.ts';

const FAMILY = 0x15;
const u32 = fc.nat(0x7fffffff);
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/);
const zero = (text: string) => Buffer.from(`${text}\0`);

function link(type: number, family: number, ifindex: number, flags: number, ...attributes: Uint8Array[]) {
  const info = Buffer.alloc(16);
  info.writeUInt8(family, 0);
  info.writeInt32LE(ifindex, 4);
  info.writeUInt32LE(flags, 8);
  return encodeMessage(type, 0, info, ...attributes);
}

const generic = (command: number, ...attributes: Uint8Array[]) =>
  encodeMessage(FAMILY, 0, Uint8Array.of(command, 1, 0, 0), ...attributes);

function socket(port: number, peerPort: number): Uint8Array {
  const message = Buffer.alloc(72);
  message.writeUInt8(2, 0);
  message.writeUInt16BE(port, 4);
  message.writeUInt16BE(peerPort, 6);
  message.set([192, 0, 2, 7], 8);
  message.writeBigUInt64LE(4711n, 44);
  return encodeMessage(20, 0, message);
}

describe('notifications', () => {
  it('are decoded from any bytes', () => {
    // The attributes of these messages may be anything, and so may what is around them.
    const shaped = fc
      .tuple(fc.constantFrom(16, 17, 20, FAMILY), fc.constantFrom(0, 2, 3, 10, 19, 50, 52), bytes)
      .map(([type, first, rest]) => encodeMessage(type, 0, Uint8Array.of(first), rest));
    const anything = fc.oneof(
      bytes,
      fc.array(shaped, { maxLength: 4 }).map((all) => Buffer.concat(all)),
    );
    fc.assert(
      fc.property(anything, (garbage) => {
        for (const { event, ifindex } of decodeLinkEvents(garbage)) {
          expect(['changed', 'gone', 'moved']).toContain(event);
          expect(Number.isInteger(ifindex)).toBe(true);
        }
        for (const { what } of decodeEthtoolEvents(garbage, FAMILY)) expect(what).toMatch(/^[a-z-]+$/);
        for (const { event } of decodeNetdevEvents(garbage, FAMILY))
          expect(['added', 'gone', 'changed']).toContain(event);
        for (const { cpu } of decodeCpuEvents(garbage)) expect(cpu).toBeGreaterThanOrEqual(0);
        for (const { port } of decodeSocketEvents(garbage, 'tcp')) expect(port).toBeLessThan(65_536);
      }),
    );
  });
});

describe('a link', () => {
  it('is read with its name, its state and its master', () => {
    fc.assert(
      fc.property(u32, name, fc.boolean(), fc.boolean(), u32, (ifindex, ifname, up, carrier, master) => {
        const message = link(
          16,
          0,
          ifindex,
          up ? 0x1043 : 0x1002,
          encodeAttribute(3, zero(ifname)),
          encodeAttribute(33, Uint8Array.of(carrier ? 1 : 0)),
          encodeAttribute(16, Uint8Array.of(6)),
          encodeAttribute(10, encodeU32(master)),
        );
        expect(decodeLinkEvents(message)).toEqual([
          {
            kind: 'link',
            event: 'changed',
            ifindex,
            name: ifname,
            up,
            carrier,
            operstate: 'up',
            master: master === 0 ? null : master,
          },
        ]);
      }),
    );
  });

  it('is gone, or moved to another network namespace', () => {
    const gone = link(17, 0, 7, 0);
    const moved = link(17, 0, 7, 0, encodeAttribute(49, encodeU32(3)));
    expect(decodeLinkEvents(Buffer.concat([gone, moved])).map(({ event }) => event)).toEqual([
      'gone',
      'moved',
    ]);
  });

  it('that leaves a bridge is not gone', () => {
    expect(decodeLinkEvents(link(17, 7, 3, 0, encodeAttribute(3, zero('eth0'))))).toEqual([]);
  });
});

describe('a uevent', () => {
  const uevent = (action: string, path: string) =>
    Buffer.from(`${action}@${path}\0ACTION=${action}\0DEVPATH=${path}\0SUBSYSTEM=x\0SEQNUM=1\0`);

  it('of a CPU says whether it is online, and no other passes the filter', () => {
    const action = fc.constantFrom('online', 'offline', 'add', 'remove', 'change', 'bind');
    const path = fc.oneof(
      fc.nat(8191).map((cpu) => `/devices/system/cpu/cpu${cpu}`),
      fc.constantFrom('/devices/system/memory/memory3', '/devices/virtual/net/veth0', '/devices/system/cpu'),
    );
    fc.assert(
      fc.property(action, path, (how, where) => {
        const message = uevent(how, where);
        const isOfInterest = how === 'online' || how === 'offline';
        expect(simulate(decode(onlineFilter()), { packet: message }).result !== 0).toBe(isOfInterest);
        const cpu = /cpu(\d+)$/.exec(where)?.[1];
        const event = { kind: 'cpu', cpu: Number(cpu), online: how === 'online' };
        expect(decodeCpuEvents(message)).toEqual(isOfInterest && cpu !== undefined ? [event] : []);
      }),
    );
  });
});

describe('an ethtool notification', () => {
  const header = encodeAttribute(
    0x8001,
    Buffer.concat([encodeAttribute(1, encodeU32(5)), encodeAttribute(2, zero('eth0'))]),
  );

  it('names the interface and what was changed', () => {
    const message = Buffer.concat([
      generic(19, header),
      generic(50, header),
      generic(53, header, encodeAttribute(2, encodeU32(3))),
      // Of link modes, which no queue depends on.
      generic(5, header),
    ]);
    const base = { kind: 'ethtool', ifindex: 5, name: 'eth0', context: null };
    expect(decodeEthtoolEvents(message, FAMILY)).toEqual([
      { ...base, what: 'channels' },
      { ...base, what: 'rss' },
      { ...base, what: 'rss-context-deleted', context: 3 },
    ]);
  });

  it('of another family is none', () => {
    expect(decodeEthtoolEvents(generic(19, header), FAMILY + 1)).toEqual([]);
  });
});

describe('a closed socket', () => {
  it('is reported unless it had a peer', () => {
    expect(decodeSocketEvents(Buffer.concat([socket(8080, 0), socket(8080, 40_000)]), 'tcp')).toEqual([
      {
        kind: 'socket-closed',
        protocol: 'tcp',
        family: 4,
        address: '192.0.2.7',
        port: 8080,
        ifindex: 0,
        cookie: 4711n,
      },
    ]);
  });

  it('passes the filter in the kernel if it has no peer and one of the ports', () => {
    const port = fc.nat(0xffff);
    fc.assert(
      fc.property(
        fc.array(port, { maxLength: 210 }),
        port,
        fc.constantFrom(0, 0, 443, 65_535),
        fc.boolean(),
        (ports, other, peerPort, isOneOfThem) => {
          const own = isOneOfThem ? (ports.at(other % Math.max(1, ports.length)) ?? other) : other;
          const filter = decode(closedSocketFilter(ports));
          const { result, earlyExit } = simulate(filter, { packet: socket(own, peerPort) });
          expect(earlyExit).toBeNull();
          const anyPort = ports.length === 0 || ports.length > 200;
          expect(result !== 0).toBe(peerPort === 0 && (anyPort || ports.includes(own)));
        },
      ),
    );
  });
});

describe('a generic netlink family', () => {
  it('has multicast groups, live', async () => {
    const family = await lookUpFamily(
      (request) => native().netlinkRequest(NETLINK_GENERIC, request),
      'nlctrl',
    );
    expect(family?.id).toBe(0x10);
    expect(family?.groups.get('notify')).toBeGreaterThan(0);
  });

  it('is decoded from any attributes', () => {
    fc.assert(
      fc.property(bytes, bytes, (id, groups) => {
        const family = decodeFamily(
          new Map([
            [1, id],
            [7, groups],
          ]),
        );
        expect(family === null).toBe(![1, 2, 4].includes(id.length));
      }),
    );
  });
});
