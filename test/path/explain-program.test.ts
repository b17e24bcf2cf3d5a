import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/cbpf/assemble.ts';
import { EMPTY } from '../../src/cbpf/environment.ts';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { generate } from '../../src/cbpf/programs.ts';
import { compile } from '../../src/cbpf/simulate.ts';
import { type ReceivedOn, runner } from '../../src/path/explain-program.ts';
import { endpoint, type Flow } from '../../src/path/flow.ts';
import { anyProgram, legalProgram } from '../cbpf/arbitrary.ts';
import { flow } from './flows.ts';

const side = (length: number) =>
  fc
    .tuple(fc.uint8Array({ minLength: length, maxLength: length }), fc.nat(0xffff))
    .map(([bytes, port]) => endpoint(bytes, port));
const anyFlow = fc
  .constantFrom(4, 16)
  .chain((length) =>
    fc.record({ protocol: fc.constantFrom('tcp', 'udp'), source: side(length), destination: side(length) }),
  );

/** Loads of headers, which random programs hardly ever hit. */
const headerLoad = fc
  .tuple(fc.constantFrom(0x20, 0x28, 0x30, 0x40, 0xb1), fc.constantFrom(-0x100000, -0x200000), fc.nat(64))
  .map(([code, window, offset]): Instruction => [code, 0, 0, (window + offset) >>> 0]);
const program = fc.oneof(
  anyProgram.map(generate),
  legalProgram,
  fc
    .array(headerLoad, { minLength: 1, maxLength: 6 })
    .map((loads): Instruction[] => [...loads, [0x16, 0, 0, 0]]),
);

/** A packet of the flow in which everything that a flow does not determine is noise. */
function packetOf(
  { protocol, source, destination }: Flow,
  cpu: number,
  rxQueue: number,
  noise: readonly number[],
) {
  const v4 = source.bytes.length === 4;
  const [start, at] = v4 ? [20, 12] : [40, 8];
  const network = Uint8Array.from(
    { length: start + (protocol === 'tcp' ? 20 : 8) },
    (_, index) => noise[index] ?? 0,
  );
  if (v4) network[0] = 0x45;
  network[v4 ? 9 : 6] = protocol === 'tcp' ? 6 : 17;
  network.set(source.bytes, at);
  network.set(destination.bytes, at + source.bytes.length);
  for (const [index, port] of [source.port, destination.port].entries())
    network.set([port >> 8, port & 255], start + 2 * index);
  const ethertype = v4 ? 0x0800 : 0x86dd;
  const link = Uint8Array.from([...noise.slice(0, 12), ethertype >> 8, ethertype & 255, ...network]);
  const [rand = 0, rxhash = 0, mark = 0, ifindex = 0, hatype = 0] = noise.slice(20);
  const packet = protocol === 'tcp' ? new Uint8Array() : Uint8Array.from(noise);
  return {
    ...EMPTY,
    cpu,
    queue: rxQueue + 1,
    rand,
    rxhash,
    mark,
    ifindex,
    hatype,
    protocol: ethertype,
    network,
    link,
    packet,
  };
}

describe('a program run on a flow', () => {
  it('gives a result only if every packet of the flow gives that result', () => {
    const noise = fc.array(fc.nat(255), { minLength: 64, maxLength: 64 });
    const place = fc.record({ cpu: fc.nat(600), rxQueue: fc.nat(127) });
    fc.assert(
      fc.property(program, anyFlow, place, noise, (instructions, of, { cpu, rxQueue }, bytes) => {
        const { result, why } = runner(instructions)(of, { cpu, rxQueue });
        if (result === null) expect(why).toMatch(/^the program reads /);
        else expect(compile(instructions)(packetOf(of, cpu, rxQueue, bytes)).result).toBe(result);
      }),
      { numRuns: 500 },
    );
  });

  const ran = (text: string, of: string, place: ReceivedOn = { cpu: 3, rxQueue: 5 }) => {
    const assembled = assemble(text);
    return assembled.error === null
      ? runner(assembled.program)(flow(of), place)
      : expect.fail(assembled.error.message);
  };
  const [SYN, DATAGRAM] = ['tcp 192.0.2.1:4660 192.0.2.2:80', 'udp 192.0.2.1:4660 192.0.2.2:53'];

  it('sees addresses, ports, CPU and queue', () => {
    expect(ran('ldh [-1048556]\nret a', SYN).result).toBe(0x1234);
    expect(ran('ldh [-1048536]\nret a', 'udp [2001:db8::1]:4660 [2001:db8::2]:53').result).toBe(0x1234);
    expect(ran('ld cpu\nret a', SYN).result).toBe(3);
    expect(ran('ld queue\nret a', SYN).result).toBe(6);
    expect(ran('ld queue\nret a', SYN, { cpu: 0, rxQueue: 'none' }).result).toBe(0);
  });

  it('knows that a SYN is empty, and nothing of a datagram', () => {
    expect(ran('ld [0]\nret #7', SYN)).toEqual({
      result: 0,
      random: false,
      why: 'the program returns 0: instruction 0 loads outside of the packet, which ends the program',
    });
    expect(ran('ld [0]\nret #7', DATAGRAM).why).toBe("the program reads the datagram's contents");
    expect(ran('ld len\nret a', DATAGRAM).result).toBeNull();
  });

  it('says what it lacks', () => {
    expect(ran('ld rand\nret a', SYN)).toMatchObject({ result: null, random: true });
    expect(ran('ld cpu\nret a', SYN, { cpu: null, rxQueue: 0 }).why).toContain('the receiving CPU');
    expect(ran('ld queue\nret a', SYN, { cpu: 0, rxQueue: null }).why).toContain('the rx queue');
    expect(ran('ldb [-1048568]\nret a', SYN).why).toContain('reads header fields');
    expect(ran('ld mark\nret a', SYN).why).toContain('mark');
    expect(runner([])(flow(SYN), { cpu: 0, rxQueue: 0 }).why).toContain("can't be run");
  });
});
