import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { EMPTY, type Environment } from '../../src/cbpf/environment.ts';
import { generate } from '../../src/cbpf/programs.ts';
import { compile } from '../../src/cbpf/simulate.ts';
import { packetOf } from '../../src/pcap/packet.ts';
import { ethernet, hex, join, tcp4, udp4, udp6 } from '../pcap/files.ts';
import { askKernel, type Filter, type GroupRun } from './kernel.ts';
import { dispatch, EDGES, longProgram, PACKET_BYTES, PARTS, REVEAL } from './kernel-programs.ts';

/** Netlink attributes at 16, and bytes of all sorts. */
function packet(part: number, choice: number): Uint8Array {
  const bytes = Uint8Array.from({ length: PACKET_BYTES }, (_, index) => index * 37 + choice * 101);
  bytes.set([part, choice]);
  bytes.set(hex('0800 0100 09090909 0c00 0280 0800 0700 aabbccdd 0300 0000'), 16);
  return bytes;
}

const packets = (choices: readonly number[]) =>
  choices.flatMap((choice) => PARTS.map((part) => packet(part, choice)));

const edges = dispatch(EDGES, 'ldb [1]', REVEAL);
const filters: readonly Filter[] = [
  { program: edges, packets: packets([...EDGES.keys()]) },
  ...fc.sample(longProgram, 24).map((program) => ({ program, packets: packets([1, 2, 3, 4]) })),
];

/** A filter on a UNIX socket sees no headers and no interface, and nothing is known of the packet. */
const bare = (bytes: Uint8Array): Environment => ({ ...EMPTY, packet: bytes });

/** Slot 0 is an early end; 1 to 16 are four bits of A, which the payload's second byte chooses. */
const SIZE = 17;
const NIBBLES = 8;
const SHOW = 'st M[0]; ldb [1]; mul #4; tax; ld M[0]; rsh x; and #0xf; add #1; ret a';

const NET = -0x100000;
const LINK = -0x200000;
const HOOK: readonly string[] = [
  ...[
    'ld len',
    'ld [0]',
    'ld [2]',
    'ld [3]',
    'ld proto',
    'ld type',
    'ld ifidx',
    'ld hatype',
    'ld mark',
    'ld cpu',
  ],
  ...['ld queue', 'ld vlan_tci', 'ld vlan_avail', 'ld vlan_tpid', `ldxb 4*([${NET}]&0xf); txa`],
  ...[`ldb [${NET}]`, `ldh [${NET + 8}]`, `ld [${NET + 12}]`, `ld [${NET + 16}]`, `ldh [${NET + 20}]`],
  ...[
    `ldx #20; ldh [x + ${NET}]`,
    `ld [${NET + 29}]`,
    `ld [${NET + 30}]`,
    `ld [${NET + 31}]`,
    `ld [${NET + 60}]`,
  ],
  ...[`ldh [${LINK + 12}]`, `ld [${LINK}]`, `ld [${LINK + 26}]`, `ldh [${LINK + 46}]`, `ldh [${LINK + 47}]`],
  `ld [${LINK - 1}]`,
];

interface Sent {
  readonly source: string;
  readonly port: number;
  readonly payload: Uint8Array;
}

const toHook = (source: string): Sent[] =>
  [...HOOK.keys()].flatMap((choice) =>
    Array.from({ length: NIBBLES }, (_, nibble) => {
      return { source, port: 40_961, payload: Uint8Array.of(choice, nibble, 0xca, 0xfe, 0xba, 0xbe) };
    }),
  );

const hook = dispatch(HOOK, 'ldb [0]', SHOW);
const rendezvous = generate({
  name: 'source-rendezvous',
  keyOfSlot: new Map(Array.from({ length: SIZE }, (_, slot) => [slot, slot])),
});
const sources = Array.from({ length: 60 }, (_, index): Sent => {
  return { source: `127.${index}.${index * 3}.9`, port: 0, payload: Uint8Array.of(1) };
});
/** A SYN has no payload to choose by: its source port does. */
const SYN_CASES = ['ld len', 'ldb [0]', `ldb [${NET + 15}]`, 'ld hatype; and #15'];
const syn = dispatch(SYN_CASES, `ldh [${NET + 20}]; and #3`, 'add #1; ret a');
const syns = SYN_CASES.map((_, index): Sent => {
  return { source: '127.0.0.8', port: 40_960 + index, payload: new Uint8Array() };
});

const groups: readonly GroupRun[] = [
  { family: 4, kind: 'udp', program: hook, size: SIZE, packets: toHook('127.1.2.3') },
  { family: 6, kind: 'udp', program: hook, size: SIZE, packets: toHook('::1') },
  { family: 4, kind: 'udp', program: rendezvous, size: SIZE, packets: sources },
  { family: 4, kind: 'tcp', program: syn, size: SIZE, packets: syns },
];

/** The frame as loopback makes it, and what is known of the interface. */
function onLoopback(packet: Uint8Array): Environment {
  const frame = join(new Uint8Array(12), ethernet(packet).subarray(12));
  const seen = packetOf({ linkType: 1, bytes: frame, length: frame.length });
  if (typeof seen === 'string') throw new Error(seen);
  return { ...seen.environment, ifindex: 1, hatype: 772 };
}

const address = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const datagram4 = ({ source, port, payload }: Sent) =>
  udp4({ source: address(source), destination: 0x7f000001, sport: port, payload });

/** From ::1 to ::1. */
function datagram6({ port, payload }: Sent): Uint8Array {
  const packet = udp6(payload);
  packet.fill(0, 8, 40);
  packet[23] = 1;
  packet[39] = 1;
  new DataView(packet.buffer).setUint16(40, port);
  return packet;
}

/** Cases for which any of the results differ. */
function differing(
  cases: readonly string[],
  ours: readonly number[],
  theirs: readonly (number | null)[] = [],
) {
  const each = ours.length / cases.length;
  const of = (results: readonly (number | null)[], index: number) =>
    results.slice(index * each, (index + 1) * each).join();
  return cases.filter((_, index) => of(ours, index) !== of(theirs, index));
}

describe('the running kernel', () => {
  let answers: Awaited<ReturnType<typeof askKernel>>;
  beforeAll(async () => {
    answers = await askKernel(filters, groups);
  });

  const filterResults = ({ program, packets }: Filter): number[] => {
    const run = compile(program);
    return packets.map((bytes) => run({ ...bare(bytes), cpu: answers.cpu }).result);
  };
  const slots = (index: number, make: (sent: Sent) => Uint8Array): number[] => {
    const { program, packets } = groups[index] ?? { program: [], packets: [] };
    const run = compile(program);
    return packets.map((sent) => run({ ...onLoopback(make(sent)), cpu: answers.cpu }).result);
  };

  it('ends programs where the simulator does, and counts as it does at the edges', () => {
    const [first] = filters.map(filterResults);
    expect(differing(EDGES, first ?? [], answers.filters[0])).toEqual([]);
    expect(first?.filter((result) => result === 0).length).toBeGreaterThan(40);
  });

  it('gives the same results for programs of all instructions', () => {
    for (const [index, filter] of filters.entries()) {
      const results = filterResults(filter);
      expect(answers.filters[index], disassemble(filter.program)).toEqual(results);
      expect(results.some((result) => result > 0)).toBe(true);
    }
  });

  it('shows a datagram at the reuseport hook as the simulator does, with its headers', () => {
    expect(differing(HOOK, slots(0, datagram4), answers.groups[0])).toEqual([]);
    expect(differing(HOOK, slots(1, datagram6), answers.groups[1])).toEqual([]);
  });

  it('binds sources to sockets as `source-rendezvous` was simulated', () => {
    expect(answers.groups[2]).toEqual(slots(2, datagram4));
    expect(new Set(answers.groups[2]).size).toBeGreaterThan(10);
  });

  it('shows a SYN as empty, with its headers', () => {
    const ours = slots(3, ({ source, port }) => tcp4(2, { source: address(source), sport: port }));
    expect(answers.groups[3]).toEqual(ours);
    expect(ours.slice(0, 2)).toEqual([1, 0]);
  });
});
