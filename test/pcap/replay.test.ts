import { describe, expect, it } from 'vitest';
import { rand } from '../../src/cbpf/programs.ts';
import { randomFrom } from '../../src/cbpf/random.ts';
import { compile } from '../../src/cbpf/simulate.ts';
import { distribute, ELSEWHERE, NOT_CAPTURED, replay } from '../../src/pcap/replay.ts';
import { asm } from '../cbpf/kernel-programs.ts';
import { ethernet, type How, hex, pcap, pullFrom, tcp4, udp4 } from './files.ts';

const byFirstByte = compile(asm('ldb [0]; ret a'));
const datagram = (text: string, dport = 53) => ethernet(udp4({ payload: hex(text), dport }));

function run(
  packets: readonly Uint8Array[],
  port: number | null = null,
  how: How = {},
  program = byFirstByte,
) {
  const replayed = replay(
    program,
    pullFrom(pcap(packets, how)),
    { rand: randomFrom(1) },
    { port, protocol: null },
  );
  const { results, passedOver, earlyExits, ports, ...rest } = replayed;
  const plain = <T>(map: ReadonlyMap<string | number, T>) => Object.fromEntries(map);
  return {
    results: plain(results),
    passedOver: plain(passedOver),
    earlyExits: plain(earlyExits),
    ports: plain(ports),
    ...rest,
  };
}

describe('replay', () => {
  it('counts results and skipped packets', () => {
    const packets = [
      datagram('05'),
      datagram('05'),
      datagram('07', 123),
      ethernet(tcp4(16)),
      ethernet(tcp4(2)),
    ];
    expect(run(packets)).toEqual({
      packets: 4,
      results: { 5: 2, 7: 1, 0: 1 },
      passedOver: { 'TCP, but no SYN': 1 },
      earlyExits: { 'instruction 0 loads outside of the packet': 1 },
      ports: { 'udp 53': 2, 'udp 123': 1, 'tcp 80': 1 },
      problem: null,
    });
    expect(run(packets, 123)).toMatchObject({
      packets: 1,
      results: { 7: 1 },
      passedOver: { [ELSEWHERE]: 3, 'TCP, but no SYN': 1 },
    });
  });

  it('does not take the cut of a capture for the end of the packet', () => {
    const packets = [datagram('0506')];
    const second = compile(asm('ldb [1]; ret a'));
    const length = compile(asm('ld len; ret a'));
    expect(run(packets, null, { cut: 43 }, second)).toMatchObject({
      packets: 0,
      passedOver: { [NOT_CAPTURED]: 1 },
    });
    expect(run(packets, null, { cut: 43 }, length).results).toEqual({ 2: 1 });
    expect(run([datagram('05')], null, {}, second)).toMatchObject({ packets: 1, passedOver: {} });
  });

  it('draws a new random number for each packet', () => {
    const packets = Array.from({ length: 4_000 }, () => datagram('05'));
    const { results } = run(packets, null, {}, compile(rand(4)));
    for (const count of Object.values(results)) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

it('assigns results to slots, and those beyond them to the hash', () => {
  const results = new Map([
    [0, 5],
    [2, 7],
    [3, 1],
    [0xffffffff, 2],
  ]);
  expect(distribute(results, 3)).toEqual({ slots: [5, 0, 7], hashed: 3 });
});
