import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genlFamily, genlRequest } from '../../src/system/genetlink.ts';
import { native } from '../../src/system/native.ts';
import { joinQueues, netdevNapis, netdevQueues } from '../../src/system/netdev-queues.ts';
import {
  answerOf,
  decodeAttributes,
  decodeMessages,
  encodeAttribute,
  encodeMessage,
  encodeU32,
  NETLINK_GENERIC,
  unsigned,
} from '../../src/system/netlink.ts';
import { bytes } from './bytes.ts';

const u16 = fc.nat(0xffff);
const message = fc.record({
  type: u16,
  flags: u16,
  payload: bytes.map((payload) => new Uint8Array(payload)),
});
const plain = (values: Iterable<Uint8Array>) => Array.from(values, (value) => [...value]);

function stream(messages: readonly { type: number; flags: number; payload: Uint8Array }[]): Uint8Array {
  const padded = messages.flatMap(({ type, flags, payload }) => {
    const encoded = encodeMessage(type, flags, payload);
    return [encoded, new Uint8Array(-encoded.length & 3)];
  });
  return Buffer.concat(padded);
}

describe('messages', () => {
  it('round trip, and a truncated stream gives those that were whole', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.nat(), (messages, cut) => {
        const whole = stream(messages);
        const decoded = decodeMessages(whole);
        expect(decoded.map(({ type, flags }) => [type, flags])).toEqual(
          messages.map(({ type, flags }) => [type, flags]),
        );
        expect(plain(decoded.map((each) => each.payload))).toEqual(
          plain(messages.map((each) => each.payload)),
        );
        const some = decodeMessages(whole.subarray(0, cut % (whole.length + 1)));
        expect(some.length).toBeLessThanOrEqual(messages.length);
        expect(some.map(({ type }) => type)).toEqual(messages.slice(0, some.length).map(({ type }) => type));
      }),
    );
  });

  it('never throw on garbage', () => {
    fc.assert(fc.property(bytes, (garbage) => Array.isArray(decodeMessages(garbage))));
  });

  it('carry the error of the kernel', () => {
    const refusal = encodeMessage(2, 0, new Uint8Array(new Int32Array([-95]).buffer));
    expect(() => answerOf(refusal, 'x')).toThrow(
      expect.objectContaining({ code: 'ENOTSUP', errno: -95, syscall: 'x' }),
    );
    expect(answerOf(encodeMessage(2, 0, new Uint8Array(4)), 'x')).toEqual([]);
    expect(answerOf(encodeMessage(3, 0), 'x')).toEqual([]);
  });
});

describe('attributes', () => {
  it('round trip, flags of the type left out, nested ones by the same function', () => {
    const type = fc.nat(0x3fff);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(type, bytes), { selector: ([each]) => each, maxLength: 5 }),
        (pairs) => {
          const encoded = Buffer.concat(pairs.map(([each, value]) => encodeAttribute(each | 0x8000, value)));
          const nested = decodeAttributes(encodeAttribute(7, encoded)).get(7) ?? new Uint8Array();
          expect(plain(decodeAttributes(nested).values())).toEqual(plain(pairs.map(([, value]) => value)));
          expect([...decodeAttributes(nested).keys()]).toEqual(pairs.map(([each]) => each));
        },
      ),
    );
  });

  it('never throw on garbage', () => {
    fc.assert(
      fc.property(fc.array(bytes), fc.array(bytes), (a, b) => {
        for (const queue of joinQueues(a.map(decodeAttributes), b.map(decodeAttributes))) {
          expect(queue.type).toMatch(/^[rt]x$/);
        }
      }),
    );
  });

  it('are numbers of 1, 2 or 4 bytes', () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (value) => unsigned(encodeU32(value)) === value));
    expect(unsigned(Uint8Array.of(1, 2))).toBe(0x201);
    expect(unsigned(Uint8Array.of(0xff))).toBe(255);
    expect([unsigned(undefined), unsigned(new Uint8Array(3))]).toEqual([null, null]);
  });
});

describe('netdev queues', () => {
  const attributes = (pairs: readonly [number, number][]) =>
    new Map(pairs.map(([type, value]) => [type, encodeU32(value)]));

  it('get the IRQ and the thread of their NAPI instance', () => {
    const queues = [
      attributes([
        [1, 0],
        [3, 0],
        [4, 8193],
      ]),
      attributes([
        [1, 0],
        [3, 1],
        [4, 8194],
      ]),
      attributes([
        [1, 1],
        [3, 1],
      ]),
    ];
    const napis = [
      attributes([
        [2, 8193],
        [3, 42],
      ]),
      attributes([
        [2, 8194],
        [4, 4711],
      ]),
    ];
    expect(joinQueues(queues, napis)).toEqual([
      { id: 0, type: 'rx', napiId: 8193, irq: 42, pid: null },
      { id: 0, type: 'tx', napiId: 8194, irq: null, pid: 4711 },
      { id: 1, type: 'tx', napiId: null, irq: null, pid: null },
    ]);
  });

  it('are null without the family, or without its commands', async () => {
    const refuse = (errno: number) => encodeMessage(2, 0, new Uint8Array(new Int32Array([errno]).buffer));
    expect(await netdevQueues(async () => refuse(-2), 1)).toBeNull();
    const family = encodeMessage(0x10, 0, new Uint8Array(4), encodeAttribute(1, Uint8Array.of(0x21, 0)));
    const answers = [family, refuse(-95), refuse(-95)];
    expect(await netdevQueues(async () => answers.shift() ?? refuse(-5), 1)).toBeNull();
    await expect(netdevQueues(async () => refuse(-19), 1)).rejects.toMatchObject({ code: 'ENODEV' });
    expect(await netdevNapis(async () => refuse(-2), 1)).toBeNull();
    const again = [family, refuse(-95)];
    expect(await netdevNapis(async () => again.shift() ?? refuse(-5), 1)).toBeNull();
  });
});

describe('generic netlink, live', () => {
  const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_GENERIC, request);

  it('knows the controller by its fixed number, and families that do not exist', async () => {
    expect(await genlFamily(ask, 'nlctrl')).toBe(0x10);
    expect(await genlFamily(ask, 'no-such-family')).toBeNull();
  });

  it('lists every family in one dump', async () => {
    const families = await genlRequest(ask, { family: 0x10, command: 3, dump: true, attributes: [] }, 'dump');
    expect(families.map((family) => unsigned(family.get(1)))).toContain(0x10);
  });

  it('reports a command that the kernel does not know', async () => {
    const request = genlRequest(
      ask,
      { family: 0x10, command: 99, dump: false, attributes: [] },
      'bad command',
    );
    await expect(request).rejects.toMatchObject({ code: 'ENOTSUP', syscall: 'bad command' });
  });
});
