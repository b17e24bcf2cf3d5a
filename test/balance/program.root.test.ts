/**
 * The programs, run by the kernel on packets of ours (BPF_PROG_TEST_RUN), against the model that fills their tables. Each
 * is loaded once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressWords } from '../../src/balance/address-words.ts';
import { fill, place } from '../../src/balance/fill.ts';
import { type AttachedVip, formatInForce, type InForce, inOrder } from '../../src/balance/in-force.ts';
import { readAttached, readTraffic } from '../../src/balance/state.ts';
import { tableOf } from '../../src/balance/table.ts';
import { parseCpuList } from '../../src/host/cpus.ts';
import { formatAddress, parseAddress } from '../../src/system/address.ts';
import { closeDescriptor, programInfo, testRun } from '../../src/system/bpf.ts';
import { openFiles } from '../../src/system/files.ts';
import { native } from '../../src/system/native.ts';
import { load } from '../../src/xdp/load.ts';
import { type BalanceWay, imageOf, recogniseTag } from '../../src/xdp/ours.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { ethernet, type Flow, network, tcp, u32, udp } from '../xdp/packets.ts';
import { rowOf } from './model.ts';

const [DROP, PASS, TX] = [1, 2, 3];
const SEED = 0x5eed_1234;
/** The destination of packets.ts. */
const LINK = { mac: '02:00:00:00:00:01', mtu: 1500, source4: '10.0.0.254', source6: '2001:db8::fe' };
const possible =
  parseCpuList(openFiles('/').text('/sys/devices/system/cpu/possible')?.trim() ?? '0')?.length ?? 1;

const backends = (prefix: string, via: 'mac' | 'ipip', count: number, tag: number): AttachedVip['backends'] =>
  Array.from({ length: count }, (_, at) => ({
    address: `${prefix}${at + 1}`,
    weight: at + 1,
    via,
    mac: `02:00:00:00:0${tag}:0${at + 1}`,
  }));
const VIPS: readonly AttachedVip[] = [
  { address: '198.51.100.1', port: 443, protocol: 'tcp', backends: backends('10.0.0.', 'mac', 3, 1) },
  { address: '198.51.100.1', port: 0, protocol: 'udp', backends: backends('10.0.1.', 'mac', 2, 2) },
  { address: '2001:db8::1', port: 443, protocol: 'tcp', backends: backends('2001:db8:1::', 'mac', 3, 3) },
  { address: '198.51.100.2', port: 53, protocol: 'udp', backends: backends('10.0.2.', 'ipip', 3, 4) },
  { address: '2001:db8::2', port: 53, protocol: 'udp', backends: backends('2001:db8:2::', 'ipip', 3, 5) },
];
const inForce: InForce = { mode: 'generic', seed: SEED, flowCache: null, vips: VIPS };
const tables = new Map(
  inOrder(VIPS).map((vip) => [vip.address + vip.port + vip.protocol, { vip, table: tableOf(vip, SEED) }]),
);

const loaded = new Map<BalanceWay, number>();
const fdOf = (way: BalanceWay) => loaded.get(way) ?? -1;

beforeAll(async () => {
  await assertBpfAnswers();
  native().unlimitMemlock();
  for (const way of ['rows', 'cache'] as const) {
    await sleep(250);
    const of = { ...inForce, flowCache: way === 'rows' ? null : 4096 };
    let serial = 0;
    const placed = place(of, [], () => ++serial);
    const fresh = placed.map(({ index }) => index);
    loaded.set(
      way,
      load({
        image: imageOf({ command: 'balance', way }),
        name: 'lt_test',
        ...fill(of, LINK, placed, fresh, possible),
      }),
    );
  }
});
afterAll(() => {
  for (const fd of loaded.values()) closeDescriptor(fd);
});

const text = (bytes: Uint8Array) => formatAddress(bytes.length === 4 ? 4 : 6, bytes);

/** The backend that the model chooses. */
function expected(flow: Flow, protocol: 'tcp' | 'udp') {
  const address = text(flow.destination);
  const exact = tables.get(address + flow.destinationPort + protocol);
  const found = exact ?? tables.get(`${address}0${protocol}`);
  if (found === undefined) return null;
  const { sourcePort, destinationPort } = flow;
  const row = rowOf(
    SEED,
    { source: text(flow.source), destination: address, sourcePort, destinationPort, protocol },
    exact !== undefined,
  );
  return found.vip.backends[found.table[row] ?? 0] ?? null;
}

const macs = (packet: Uint8Array) => ({
  to: Buffer.from(packet.subarray(0, 6)).toString('hex'),
  from: Buffer.from(packet.subarray(6, 12)).toString('hex'),
});
const hex = (mac: string) => mac.replaceAll(':', '');

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const flowTo = (address: string, port: number): fc.Arbitrary<Flow> => {
  const destination = Buffer.from(Uint32Array.from(addressWords(address)).buffer);
  return fc.record({
    source: bytes(destination.length),
    destination: fc.constant(destination),
    sourcePort: fc.nat(0xffff),
    destinationPort: fc.constant(port),
  });
};
const SENT_BY_MAC = fc.constantFrom(
  ['198.51.100.1', 443, 'tcp'] as const,
  ['198.51.100.1', 9999, 'udp'] as const,
  ['2001:db8::1', 443, 'tcp'] as const,
);

function expectMac(way: BalanceWay, packet: Uint8Array, to: string | undefined): void {
  const { verdict, output } = testRun(fdOf(way), packet);
  expect(verdict).toBe(TX);
  expect(macs(output)).toEqual({ to: hex(to ?? ''), from: hex(LINK.mac) });
  expect(Buffer.compare(output.subarray(12), packet.subarray(12))).toBe(0);
}

describe('a balancer', () => {
  it('is read back as it was written, and recognised by its tag', () => {
    for (const [way, fd] of loaded) {
      const info = programInfo(fd);
      const own = recogniseTag(info.tag);
      expect(own).toEqual({ command: 'balance', way });
      const attached = readAttached({ mode: 'generic', programId: info.id, info, own }, possible);
      expect(attached && formatInForce(attached.inForce)).toBe(
        formatInForce({ ...inForce, flowCache: way === 'rows' ? null : 4096 }),
      );
      expect(attached?.link).toMatchObject({ mac: LINK.mac, mtu: LINK.mtu });
    }
  });

  it('agrees with the model on 2,000 flows, behind options, extension headers and VLAN tags', () => {
    fc.assert(
      fc.property(
        SENT_BY_MAC.chain(([address, port, protocol]) =>
          fc.tuple(flowTo(address, port), fc.constant(protocol)),
        ),
        fc.nat(5),
        fc.subarray([0, 43, 60]),
        fc.array(fc.nat(4095), { maxLength: 2 }),
        fc.constantFrom('rows' as const, 'cache' as const),
        ([flow, protocol], options, extensions, tags, way) => {
          const payload = protocol === 'tcp' ? tcp(flow) : udp(flow, Buffer.alloc(20));
          const packet = ethernet(network(flow, protocol, payload, { options, extensions }), tags);
          expectMac(way, packet, expected(flow, protocol)?.mac);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('puts packets for a backend elsewhere into one of its own, with a right checksum', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('198.51.100.2', '2001:db8::2').chain((address) => flowTo(address, 53)),
        fc.array(fc.nat(4095), { maxLength: 2 }),
        (flow, tags) => {
          const inner = network(flow, 'udp', udp(flow, Buffer.alloc(30)));
          const packet = ethernet(inner, tags);
          const { verdict, output } = testRun(fdOf('rows'), packet);
          const backend = expected(flow, 'udp');
          expect(verdict).toBe(TX);
          expect(macs(output).to).toBe(hex(backend?.mac ?? ''));
          const link = 14 + 4 * tags.length;
          expect(Buffer.compare(output.subarray(12, link), packet.subarray(12, link))).toBe(0);
          const four = flow.destination.length === 4;
          const outer = Buffer.from(output.subarray(link, link + (four ? 20 : 40)));
          expect(Buffer.compare(output.subarray(link + outer.length), inner)).toBe(0);
          if (four) {
            expect([outer[0], outer.readUInt16BE(2), outer[9]]).toEqual([0x45, 20 + inner.length, 4]);
            expect([text(outer.subarray(12, 16)), text(outer.subarray(16))]).toEqual([
              LINK.source4,
              backend?.address,
            ]);
            let sum = 0;
            for (let at = 0; at < 20; at += 2) sum += outer.readUInt16BE(at);
            expect((sum & 0xffff) + (sum >> 16)).toBe(0xffff);
          } else {
            expect([outer.readUInt16BE(4), outer[6]]).toEqual([inner.length, 41]);
            expect([text(outer.subarray(8, 24)), text(outer.subarray(24))]).toEqual([
              LINK.source6,
              backend?.address,
            ]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    [4, '198.51.100.1', [3, 11, 12]],
    [6, '2001:db8::1', [1, 2, 3, 4]],
  ] as const)('sends an ICMP error to the backend whose packet it is about: IPv%i', (family, vip, types) => {
    fc.assert(
      fc.property(flowTo(vip, 443), fc.constantFrom(...types), fc.boolean(), (flow, type, cut) => {
        const answer = {
          source: flow.destination,
          destination: flow.source,
          sourcePort: flow.destinationPort,
          destinationPort: flow.sourcePort,
        };
        const router = {
          source: family === 4 ? u32(0x0a0a0a0a) : Uint8Array.of(0xfd, ...Buffer.alloc(15)),
          destination: flow.destination,
        };
        // At least 8 bytes of what follows the inner header (RFC 792).
        const about = network(answer, 'tcp', tcp(answer));
        const quoted = cut ? about.subarray(0, about.length - 12) : about;
        const icmp = Buffer.concat([Uint8Array.of(type, 4, 0, 0), u32(1400), quoted]);
        expectMac('rows', ethernet(asIcmp(network(router, 'udp', icmp))), expected(flow, 'tcp')?.mac);
      }),
      { numRuns: 300 },
    );
  });

  it('passes on echo requests, fragments, other ports, other addresses, and frames for others', () => {
    const flow = { source: u32(1), destination: u32(0xc6336401), sourcePort: 5, destinationPort: 443 };
    const echo = ethernet(asIcmp(network(flow, 'udp', Buffer.concat([Uint8Array.of(8, 0, 0, 0), u32(0)]))));
    const six = { ...flow, source: Buffer.alloc(16, 9), destination: parseAddress('2001:db8::1') ?? u32(0) };
    const echo6 = ethernet(asIcmp(network(six, 'udp', Buffer.concat([Uint8Array.of(128, 0, 0, 0), u32(0)]))));
    const fragment = ethernet(network(flow, 'tcp', tcp(flow), { fragment: 0x2000 }));
    const otherPort = ethernet(network(flow, 'tcp', tcp({ ...flow, destinationPort: 80 })));
    const otherAddress = ethernet(network({ ...flow, destination: u32(0x08080808) }, 'tcp', tcp(flow)));
    const right = ethernet(network(flow, 'tcp', tcp(flow)));
    const forOthers = Buffer.from(right);
    forOthers[5] = 0x77;
    const before = counters();
    for (const packet of [echo, echo6, fragment, otherPort, otherAddress, forOthers])
      expect(testRun(fdOf('rows'), packet).verdict).toBe(PASS);
    const after = counters();
    expect([after.echo - before.echo, after.fragments - before.fragments]).toEqual([2, 1]);
    expect(after.balanced).toBe(before.balanced);
    expect(testRun(fdOf('rows'), right).verdict).toBe(TX);
  });

  it('keeps the fragments of a VIP of every port together', () => {
    fc.assert(
      fc.property(flowTo('198.51.100.1', 7), fc.constantFrom(0, 0x2000, 0x00b9), (flow, fragment) => {
        const packet = ethernet(network(flow, 'udp', udp(flow, Buffer.alloc(40)), { fragment }));
        expectMac('rows', packet, expected(flow, 'udp')?.mac);
      }),
      { numRuns: 200 },
    );
  });

  it('drops and counts what would exceed the MTU in an outer packet', () => {
    const flow = { source: u32(1), destination: u32(0xc6336402), sourcePort: 5, destinationPort: 53 };
    const of = (length: number) => ethernet(network(flow, 'udp', udp(flow, Buffer.alloc(length - 28))));
    const before = counters().tooBig;
    expect(testRun(fdOf('rows'), of(1480)).verdict).toBe(TX);
    expect(testRun(fdOf('rows'), of(1481)).verdict).toBe(DROP);
    expect(counters().tooBig - before).toBe(1);
  });

  it('counts packets and bytes of each backend', () => {
    const flow = { source: u32(77), destination: u32(0xc6336401), sourcePort: 5, destinationPort: 443 };
    const packet = ethernet(network(flow, 'tcp', tcp(flow)));
    const address = expected(flow, 'tcp')?.address;
    const read = () => traffic('rows').vips.flatMap((vip) => vip.backends);
    const before = read();
    testRun(fdOf('rows'), packet, 1_000);
    const differs = read().flatMap((each, at) => {
      const packets = each.packets - (before[at]?.packets ?? 0);
      return packets === 0
        ? []
        : [{ address: each.address, packets, bytes: each.bytes - (before[at]?.bytes ?? 0) }];
    });
    // Repeated runs get the packet as the one before has left it: for another MAC address, which passes.
    expect(differs).toEqual([{ address, packets: 1, bytes: packet.length }]);
  });
});

/** The protocol becomes ICMP, or ICMPv6. */
function asIcmp(packet: Uint8Array): Uint8Array {
  const copy = Buffer.from(packet);
  if ((copy[0] ?? 0) >> 4 === 4) copy[9] = 1;
  else copy[6] = 58;
  return copy;
}

function traffic(way: BalanceWay) {
  const info = programInfo(fdOf(way));
  const program = { mode: 'generic' as const, programId: info.id, info, own: recogniseTag(info.tag) };
  const attached = readAttached(program, possible);
  const found = attached === null ? null : readTraffic(program, attached, possible);
  if (found === null) throw new Error('no balancer');
  return found;
}
const counters = () => traffic('rows').counters;
