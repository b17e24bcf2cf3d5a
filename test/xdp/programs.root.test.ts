/**
 * The programs, run by the kernel on packets of ours (BPF_PROG_TEST_RUN), against a model of how they choose. Each is
 * loaded once, ten a second at most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCpuList } from '../../src/host/cpus.ts';
import { closeDescriptor, deleteFromMap, key32, programInfo, testRun } from '../../src/system/bpf.ts';
import { openFiles } from '../../src/system/files.ts';
import { native } from '../../src/system/native.ts';
import { setAffinity } from '../../src/system/sockets.ts';
import { below, hashOf } from '../../src/xdp/hash.ts';
import { load } from '../../src/xdp/load.ts';
import { imageOf, nameOf, recogniseTag } from '../../src/xdp/ours.ts';
import { fillSport } from '../../src/xdp/sport.ts';
import { parseBy, parsePorts, type Spread, type Way } from '../../src/xdp/spread.ts';
import { COUNTER, fill, perCpu, sum } from '../../src/xdp/spread-maps.ts';
import { mapValue, withMapsOf } from '../../src/xdp/state.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { ethernet, type Flow, flowHash, network, tcp, tunnels, u32, udp, word } from './packets.ts';

const SEED = 0x5eed;
const [PASS, REDIRECT] = [2, 4];
const possible =
  parseCpuList(openFiles('/').text('/sys/devices/system/cpu/possible')?.trim() ?? '0')?.length ?? 1;
const cpus = Array.from({ length: possible }, (_, cpu) => cpu);

const BY: Readonly<Record<Way, readonly [by: string, ports: string]>> = {
  flow: ['flow', '443,4000'],
  inner: ['inner', 'gre,ipip,esp,4789,2152,4500,51820,9000'],
  quic: ['quic:6', '443'],
  payload: ['payload:4:0x000fffff', '4000'],
  round: ['round', '4000'],
  random: ['random', '4000'],
};

const loaded = new Map<Way, number>();
const SPORT = { ports: [4000], first: 20_000, last: 20_999, mode: 'native', restore: false } as const;
let sport = -1;
/** The same with memory, and its filter on the way out. */
let given = -1;
let back = -1;

async function loadSpread(way: Way): Promise<void> {
  const [byText, portText] = BY[way];
  const by = parseBy(byText);
  const ports = parsePorts(portText, way);
  if (by === null || ports === null) throw new Error(`${way}: not a spread`);
  const spread: Spread = { by, ...ports, tcp: false, cpus, queue: 64, mode: 'native' };
  // Two programs each.
  await sleep(250);
  loaded.set(
    way,
    load({
      image: imageOf({ command: 'spread', way }),
      name: nameOf({ command: 'spread', way }),
      ...fill(spread, SEED, possible),
    }),
  );
}

const fdOf = (way: Way): number => loaded.get(way) ?? -1;

/** The verdict, and to which CPU the packet went; null: to none. */
function send(way: Way, packet: Uint8Array): { verdict: number; cpu: number | null; counted: string | null } {
  const info = programInfo(fdOf(way));
  const read = () =>
    withMapsOf(info, (maps) => ({
      spread: cpus.map((cpu) => sum(perCpu(mapValue(maps, 'spread', cpu, possible)))),
      counters: Object.entries(COUNTER).map(
        ([name, index]) => [name, sum(perCpu(mapValue(maps, 'counters', index, possible)))] as const,
      ),
    }));
  const before = read();
  const { verdict, output } = testRun(fdOf(way), packet);
  expect(Buffer.compare(output, packet)).toBe(0);
  const after = read();
  const cpu = after.spread.findIndex((count, at) => count !== before.spread[at]);
  const counted = after.counters.find(([, count], at) => count !== before.counters[at]?.[1])?.[0] ?? null;
  return { verdict, cpu: cpu < 0 ? null : cpu, counted };
}

const slot = (hash: number): number => below(hash, possible);
const passed = (way: Way, packet: Uint8Array, why: string | null) =>
  expect(send(way, packet)).toEqual({ verdict: PASS, cpu: null, counted: why });
const goes = (way: Way, packet: Uint8Array, hash: number) =>
  expect(send(way, packet)).toEqual({ verdict: REDIRECT, cpu: slot(hash), counted: 'spread' });

const address = (size: 4 | 16) => fc.uint8Array({ minLength: size, maxLength: size });
const flows = (port: number): fc.Arbitrary<Flow> =>
  fc.constantFrom(4 as const, 16 as const).chain((size) =>
    fc.record({
      source: address(size),
      destination: address(size),
      sourcePort: fc.nat(0xffff),
      destinationPort: fc.constant(port),
    }),
  );
const payload = (minLength: number) => fc.uint8Array({ minLength, maxLength: 80 });
const RUNS = { numRuns: 150 };

beforeAll(async () => {
  await assertBpfAnswers();
  native().unlimitMemlock();
  for (const way of Object.keys(BY)) await loadSpread(way as Way);
  await sleep(150);
  sport = load({ image: imageOf({ command: 'sport' }), name: 'lt_sport', ...fillSport(SPORT) });
  await sleep(250);
  const image = imageOf({ command: 'sport', way: 'restore' });
  given = load({ image, name: 'lt_sport_restore', ...fillSport({ ...SPORT, restore: true }) });
  const inherits = { programId: programInfo(given).id, maps: ['given'] };
  await sleep(150);
  back = load({ image, section: 'tc', name: 'lt_own_port', sizes: {}, entries: [], inherits });
});
afterAll(() => {
  for (const fd of [...loaded.values(), sport, given, back]) closeDescriptor(fd);
});

describe('each program', () => {
  it('has the tag by which it is recognised', () => {
    for (const [way, fd] of loaded)
      expect(recogniseTag(programInfo(fd).tag)).toEqual({ command: 'spread', way });
  });

  it('passes on what is not for its ports, and what it cannot read', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(BY) as Way[])),
        flows(8080),
        payload(0),
        (way, flow, bytes) => {
          passed(way, ethernet(network(flow, 'udp', udp(flow, bytes))), null);
        },
      ),
      RUNS,
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(BY) as Way[])),
        fc.uint8Array({ minLength: 14, maxLength: 120 }),
        (way, bytes) => {
          expect([PASS, REDIRECT]).toContain(send(way, bytes).verdict);
        },
      ),
      RUNS,
    );
  });

  it('passes on every fragment, the first one too', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('flow' as const, 'payload' as const, 'random' as const),
        flows(4000),
        fc.constantFrom(0x2000, 0x2001, 0x00b9),
        (way, flow, fragment) => {
          const datagram = udp(flow, Buffer.alloc(40));
          passed(way, ethernet(network(flow, 'udp', datagram, { fragment, extensions: [44] })), 'fragments');
        },
      ),
      RUNS,
    );
  });
});

describe('by flow', () => {
  it('chooses by addresses and ports, behind options, extension headers and VLAN tags', () => {
    fc.assert(
      fc.property(
        flows(443),
        payload(0),
        fc.nat(10),
        fc.subarray([0, 43, 60]),
        fc.array(fc.nat(4095), { maxLength: 2 }),
        (flow, bytes, options, extensions, tags) => {
          const packet = ethernet(network(flow, 'udp', udp(flow, bytes), { options, extensions }), tags);
          goes('flow', packet, flowHash(SEED, flow));
        },
      ),
      RUNS,
    );
  });

  it('leaves TCP alone unless it is for TCP', () => {
    const flow = { source: u32(1), destination: u32(2), sourcePort: 5, destinationPort: 443 };
    passed('flow', ethernet(network(flow, 'tcp', tcp(flow))), null);
  });
});

describe('by payload', () => {
  it('chooses by the masked word alone', () => {
    fc.assert(
      fc.property(flows(4000), payload(8), (flow, bytes) => {
        const masked = Buffer.alloc(4);
        masked.writeUInt32BE((Buffer.from(bytes).readUInt32BE(4) & 0x000fffff) >>> 0);
        goes('payload', ethernet(network(flow, 'udp', udp(flow, bytes))), hashOf(SEED, [word(masked)]));
      }),
      RUNS,
    );
  });

  it('passes on a payload that is too short', () => {
    const flow = { source: u32(1), destination: u32(2), sourcePort: 5, destinationPort: 4000 };
    passed('payload', ethernet(network(flow, 'udp', udp(flow, Buffer.alloc(7)))), 'short');
  });
});

describe('by QUIC connection id', () => {
  it('chooses alike for a long and a short header', () => {
    fc.assert(
      fc.property(
        flows(443),
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        payload(20),
        (flow, id, rest) => {
          const long = Buffer.concat([Uint8Array.of(0xc3), u32(1), Uint8Array.of(8), id, rest]);
          const short = Buffer.concat([Uint8Array.of(0x41), id, rest]);
          const hash = hashOf(SEED, [word(id), word(Buffer.concat([id.subarray(4, 6), Buffer.alloc(2)]))]);
          for (const bytes of [long, short])
            goes('quic', ethernet(network(flow, 'udp', udp(flow, bytes))), hash);
        },
      ),
      RUNS,
    );
  });
});

describe('by the inner flow', () => {
  const outer = {
    source: u32(0x0a000001),
    destination: u32(0x0a000002),
    sourcePort: 7,
    destinationPort: 4789,
  };
  const inners = fc.record({
    inner: flows(53),
    flags: fc.constantFrom(0, 0x8000, 0x2000, 0x3000, 0xb000),
    isEthernet: fc.boolean(),
  });

  it('chooses by what VXLAN, GTP-U, GRE and IPIP carry', () => {
    fc.assert(
      fc.property(inners, ({ inner, flags, isEthernet }) => {
        const packet = network(inner, 'udp', udp(inner, Buffer.alloc(20)));
        const hash = flowHash(SEED, inner);
        const inUdp = (port: number, bytes: Uint8Array) =>
          ethernet(network(outer, 'udp', udp({ ...outer, destinationPort: port }, bytes)));
        goes('inner', inUdp(4789, tunnels.vxlan(packet)), hash);
        goes('inner', inUdp(2152, tunnels.gtp(packet, isEthernet)), hash);
        goes('inner', ethernet(network(outer, 'gre', tunnels.gre(packet, flags, isEthernet))), hash);
        goes('inner', ethernet(network(outer, inner.source.length === 4 ? 'ipip' : 'ipv6', packet)), hash);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the fragments of an inner datagram together', () => {
    fc.assert(
      fc.property(inners, fc.constantFrom(0x2000, 0x00b9), ({ inner }, fragment) => {
        const piece = network(inner, 'udp', udp(inner, Buffer.alloc(20)), { fragment, extensions: [44] });
        const packet = ethernet(network(outer, 'gre', tunnels.gre(piece, 0, false)));
        goes('inner', packet, flowHash(SEED, inner, Buffer.alloc(4)));
      }),
      { numRuns: 40 },
    );
  });

  it('chooses by the SPI of ESP and the receiver of WireGuard, and leaves IKE and handshakes alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), (spi) => {
        const esp = Buffer.concat([u32(spi), u32(1), Buffer.alloc(24)]);
        const inUdp = (port: number, bytes: Uint8Array) =>
          ethernet(network(outer, 'udp', udp({ ...outer, destinationPort: port }, bytes)));
        const hash = flowHash(SEED, outer, u32(spi));
        goes('inner', ethernet(network(outer, 'esp', esp)), hash);
        goes('inner', inUdp(4500, esp), hash);
        const data = Buffer.concat([Uint8Array.of(4, 0, 0, 0), u32(spi), Buffer.alloc(24)]);
        goes('inner', inUdp(51820, data), hash);
        passed('inner', inUdp(51820, Buffer.concat([Uint8Array.of(1, 0, 0, 0), u32(spi)])), null);
        passed('inner', inUdp(4500, Buffer.alloc(20)), null);
      }),
      { numRuns: 40 },
    );
  });
});

describe('without a flow', () => {
  const flow = { source: u32(1), destination: u32(2), sourcePort: 5, destinationPort: 4000 };
  const packet = ethernet(network(flow, 'udp', udp(flow, Buffer.alloc(20))));

  it('takes turns, on the CPU that receives', () => {
    // Each CPU has its own turn, and a call may go on another one (bpf_test_timer_continue() reschedules).
    const allowed = native().schedGetaffinity(0);
    setAffinity(0, [allowed[0] ?? 0]);
    const info = programInfo(fdOf('round'));
    const read = () =>
      withMapsOf(info, (maps) => cpus.map((cpu) => sum(perCpu(mapValue(maps, 'spread', cpu, possible)))));
    const before = read();
    testRun(fdOf('round'), packet, 40 * possible);
    setAffinity(0, allowed);
    expect(read().map((count, cpu) => count - (before[cpu] ?? 0))).toEqual(cpus.map(() => 40));
  });

  it('chooses by chance, evenly within four standard errors', () => {
    const runs = 4_000;
    const info = programInfo(fdOf('random'));
    const read = () =>
      withMapsOf(info, (maps) => cpus.map((cpu) => sum(perCpu(mapValue(maps, 'spread', cpu, possible)))));
    const before = read();
    testRun(fdOf('random'), packet, runs);
    const counts = read().map((count, cpu) => count - (before[cpu] ?? 0));
    expect(sum(counts)).toBe(runs);
    const share = 1 / possible;
    const error = Math.sqrt(runs * share * (1 - share));
    for (const count of counts) expect(Math.abs(count - runs * share)).toBeLessThanOrEqual(4 * error);
  });
});

/** One's complement sum of 16-bit words (RFC 1071). */
const summed = (bytes: Uint8Array): number => {
  const words = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
  let total = 0;
  for (let at = 0; at < words.length; at += 2) total += words.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
};
const pseudo = ({ source, destination }: Flow, datagram: Uint8Array) =>
  Buffer.concat([source, destination, u32(17), u32(datagram.length)]);
const checksum = (flow: Flow, datagram: Uint8Array): number =>
  ~summed(Buffer.concat([pseudo(flow, datagram), datagram])) & 0xffff || 0xffff;

describe('a CPU that is not in the map', () => {
  it('gets nothing: its packets pass on, and are counted', () => {
    const info = programInfo(fdOf('flow'));
    const entry = (act: (fd: number) => void) =>
      withMapsOf(info, (maps) => act(maps.get('cpus')?.fd ?? expect.fail('no CPUMAP')));
    entry((fd) => deleteFromMap(fd, key32(0)));
    fc.assert(
      fc.property(flows(443), payload(0), (flow, bytes) => {
        const packet = ethernet(network(flow, 'udp', udp(flow, bytes)));
        if (slot(flowHash(SEED, flow)) === 0) passed('flow', packet, 'noCpu');
        else goes('flow', packet, flowHash(SEED, flow));
      }),
      RUNS,
    );
  });
});

describe('a random source port', () => {
  it('changes only the port and the checksum, which stays right, or none', () => {
    fc.assert(
      fc.property(
        flows(4000),
        payload(0),
        fc.boolean(),
        fc.nat(10),
        fc.subarray([0, 43, 60]),
        fc.array(fc.nat(4095), { maxLength: 2 }),
        (flow, bytes, none, options, extensions, tags) => {
          const datagram = Buffer.from(udp(flow, bytes));
          datagram.writeUInt16BE(none ? 0 : checksum(flow, datagram), 6);
          const packet = ethernet(network(flow, 'udp', datagram, { options, extensions }), tags);
          const { verdict, output } = testRun(sport, packet);
          expect([verdict, output.length]).toEqual([PASS, packet.length]);
          const at = packet.length - datagram.length;
          const changed = Buffer.from(output.subarray(at));
          const port = changed.readUInt16BE(0);
          expect(port).toBeGreaterThanOrEqual(SPORT.first);
          expect(port).toBeLessThanOrEqual(SPORT.last);
          const check = changed.readUInt16BE(6);
          if (none) expect(check).toBe(0);
          else {
            expect(check).not.toBe(0);
            expect(summed(Buffer.concat([pseudo(flow, changed), changed]))).toBe(0xffff);
          }
          changed.writeUInt16BE(flow.sourcePort, 0);
          changed.writeUInt16BE(datagram.readUInt16BE(6), 6);
          expect(Buffer.compare(Buffer.concat([output.subarray(0, at), changed]), packet)).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leaves other ports, TCP and fragments alone', () => {
    fc.assert(
      fc.property(flows(4000), fc.constantFrom(0x2000, 0x00b9), (flow, fragment) => {
        const whole = udp(flow, Buffer.alloc(20));
        const others = [
          network({ ...flow }, 'udp', whole, { fragment, extensions: [44] }),
          network(flow, 'udp', udp({ ...flow, destinationPort: 4001 }, Buffer.alloc(20))),
          network(flow, 'tcp', tcp(flow)),
        ].map((each) => ethernet(each));
        for (const packet of others) {
          const { verdict, output } = testRun(sport, packet);
          expect(verdict).toBe(PASS);
          expect(Buffer.compare(output, packet)).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a random source port that is restored', () => {
  const sent = (flow: Flow, bytes: Uint8Array, none = false): Buffer => {
    const datagram = Buffer.from(udp(flow, bytes));
    datagram.writeUInt16BE(none ? 0 : checksum(flow, datagram), 6);
    return datagram;
  };
  const answerTo = (flow: Flow, port: number): Flow => ({
    source: flow.destination,
    destination: flow.source,
    sourcePort: flow.destinationPort,
    destinationPort: port,
  });
  const portIn = (output: Uint8Array, length: number, at: number): number =>
    Buffer.from(output).readUInt16BE(output.length - length + at);
  /** The source port that it got. */
  const rewritten = (flow: Flow): number => {
    const datagram = sent(flow, Buffer.alloc(20));
    const { verdict, output } = testRun(given, ethernet(network(flow, 'udp', datagram)));
    expect(verdict).toBe(PASS);
    return portIn(output, datagram.length, 0);
  };
  /** TC_ACT_UNSPEC: the next filter decides. */
  const NEXT = 0xffff_ffff;

  it("goes back to the peer's own port in answers, whole and first fragments, with the right checksum or none", () => {
    fc.assert(
      fc.property(
        flows(4000).filter(({ sourcePort }) => sourcePort > 0),
        payload(0),
        fc.boolean(),
        fc.constantFrom(0, 0x2000),
        (flow, bytes, none, fragment) => {
          const random = rewritten(flow);
          const answer = answerTo(flow, random);
          const datagram = sent(answer, bytes, none);
          const isFragment = fragment !== 0 && answer.source.length === 4;
          const packet = ethernet(network(answer, 'udp', datagram, { fragment: isFragment ? fragment : 0 }));
          const { verdict, output } = testRun(back, packet);
          expect(verdict).toBe(NEXT);
          const changed = Buffer.from(output.subarray(packet.length - datagram.length));
          expect(changed.readUInt16BE(2)).toBe(flow.sourcePort);
          if (none) expect(changed.readUInt16BE(6)).toBe(0);
          else expect(summed(Buffer.concat([pseudo(answer, changed), changed]))).toBe(0xffff);
          expect(changed.subarray(8).equals(datagram.subarray(8))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never gives one port to two flows of a peer, and at most 256 to one', () => {
    const peer = { source: u32(0x0a00_0001), destination: u32(0x0a00_0002), destinationPort: 4000 };
    const owners = new Map<number, number>();
    for (let round = 0; round < 400; round++)
      for (const sourcePort of [7, 8, 20_100]) {
        const port = rewritten({ ...peer, sourcePort });
        if (port === sourcePort) continue;
        expect(owners.get(port) ?? sourcePort).toBe(sourcePort);
        owners.set(port, sourcePort);
      }
    const counts = [7, 8, 20_100].map((port) => [...owners.values()].filter((each) => each === port).length);
    for (const count of counts) {
      expect(count).toBeGreaterThan(100);
      expect(count).toBeLessThanOrEqual(256);
    }
  });

  it("leaves answers to a peer's own port alone, also after fragments, which pass as they are", () => {
    fc.assert(
      fc.property(flows(4000), (flow) => {
        // Of the range, so that it may have been given to another flow of this peer.
        const own = { ...flow, sourcePort: 20_000 + (flow.sourcePort % 1_000) };
        for (let times = 0; times < 8; times++) rewritten({ ...flow, sourcePort: 5 });
        const first = ethernet(
          network(own, 'udp', sent(own, Buffer.alloc(40)), { fragment: 0x2000, extensions: [44] }),
        );
        const { verdict, output } = testRun(given, first);
        expect([verdict, Buffer.compare(output, first)]).toEqual([PASS, 0]);
        const packet = ethernet(network(answerTo(own, own.sourcePort), 'udp', sent(own, Buffer.alloc(9))));
        const answered = testRun(back, packet);
        expect([answered.verdict, Buffer.compare(answered.output, packet)]).toEqual([NEXT, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves everything else on the way out alone, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 34, maxLength: 120 }), (bytes) => {
        const { verdict, output } = testRun(back, bytes);
        expect([verdict, Buffer.compare(output, bytes)]).toEqual([NEXT, 0]);
      }),
      RUNS,
    );
  });
});
