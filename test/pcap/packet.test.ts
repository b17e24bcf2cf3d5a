import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CapturedFrame } from '../../src/pcap/capture.ts';
import { type Choosing, packetOf } from '../../src/pcap/packet.ts';
import { type Datagram, ethernet, hex, join, tcp4, udp4, udp6 } from './files.ts';

const frame = (bytes: Uint8Array, linkType = 1, length = bytes.length): CapturedFrame => ({
  linkType,
  bytes,
  length,
});

function chosen(...given: Parameters<typeof frame>): Choosing {
  const packet = packetOf(frame(...given));
  if (typeof packet === 'string') throw new Error(packet);
  return packet;
}

const PAYLOAD = hex('cafe0102');

describe('packetOf', () => {
  it('shows a datagram from its payload on, and its headers through the windows', () => {
    const { protocol, port, environment, incomplete } = chosen(ethernet(udp4({ payload: PAYLOAD })));
    expect({ protocol, port, incomplete }).toEqual({ protocol: 'udp', port: 53, incomplete: false });
    expect(environment).toMatchObject({ protocol: 0x0800, hatype: 1, type: 0, length: 4, packet: PAYLOAD });
    expect(environment.network).toEqual(udp4({ payload: PAYLOAD }));
    expect(environment.link).toEqual(ethernet(udp4({ payload: PAYLOAD })));
  });

  it('shows a SYN without any payload, unless it brings some', () => {
    const { protocol, port, environment } = chosen(ethernet(tcp4(2)));
    expect({ protocol, port, length: environment.length }).toEqual({ protocol: 'tcp', port: 80, length: 0 });
    expect(chosen(ethernet(tcp4(2, { payload: PAYLOAD }))).environment.packet).toEqual(PAYLOAD);
  });

  it('takes out VLAN tags and the padding of short frames, as the kernel does', () => {
    const plain = ethernet(udp4({ payload: PAYLOAD }));
    const padded = join(ethernet(udp4({ payload: PAYLOAD }), 7, 42), new Uint8Array(20));
    expect(chosen(padded)).toEqual(chosen(plain));
  });

  it('finds the payload behind IPv4 options and IPv6 extension headers', () => {
    expect(chosen(ethernet(udp4({ payload: PAYLOAD, options: 3 }))).environment.packet).toEqual(PAYLOAD);
    const hop = [0, hex('00 00 000000000000')] as const;
    const options = [60, hex('00 01 0000 00000000 0000000000000000')] as const;
    const whole = [44, hex('00 00 0000 00000001')] as const;
    const authentication = [51, hex('00 01 0000 00000000 00000000')] as const;
    const packet = udp6(PAYLOAD, hop, options, whole, authentication);
    expect(chosen(ethernet(packet)).environment).toMatchObject({
      protocol: 0x86dd,
      packet: PAYLOAD,
      network: packet,
    });
  });

  it('reads cooked, raw and loopback captures', () => {
    const packet = udp4({ payload: PAYLOAD });
    const cooked = join(hex('0000 0001 0006 020000000001 0000 0800'), packet);
    expect(chosen(cooked, 113).environment).toMatchObject({
      hatype: 1,
      packet: PAYLOAD,
      network: packet,
      link: null,
    });
    const cooked2 = join(hex('0800 0000 00000003 0304 00 06 0200000000010000'), packet);
    expect(chosen(cooked2, 276).environment).toMatchObject({ hatype: 772, ifindex: 3, packet: PAYLOAD });
    for (const linkType of [12, 101, 228])
      expect(chosen(packet, linkType).environment.packet).toEqual(PAYLOAD);
    for (const family of ['02000000', '00000002'])
      expect(chosen(join(hex(family), packet), 0).environment.packet).toEqual(PAYLOAD);
    expect(chosen(udp6(PAYLOAD), 101).environment.protocol).toBe(0x86dd);
    expect(chosen(packet, 101).incomplete).toBe(true);
  });

  it('skips packets that choose no socket, and says why', () => {
    const why = (packet: Uint8Array) => packetOf(frame(ethernet(packet)));
    const to = (destination: number): Datagram => ({ destination });
    expect(why(tcp4(16))).toBe('TCP, but no SYN');
    expect(why(tcp4(18))).toBe('TCP, but no SYN');
    expect(why(udp4({ fragment: 0x2000 }))).toBe('fragments');
    expect(why(udp4({ fragment: 0x0004 }))).toBe('fragments');
    expect(why(udp4({ fragment: 0x4000 }))).toMatchObject({ protocol: 'udp' });
    expect(why(udp6(PAYLOAD, [44, hex('00 00 0001 00000001')]))).toBe('fragments');
    expect(why(udp4(to(0xe00000fb)))).toBe('multicast or broadcast');
    expect(why(udp4(to(0xffffffff)))).toBe('multicast or broadcast');
    const icmp = udp4();
    icmp[9] = 1;
    expect(why(icmp)).toBe('neither TCP nor UDP');
    expect(packetOf(frame(join(hex('ffffffffffff 020000000001 0806'), new Uint8Array(28))))).toBe('not IP');
    expect(packetOf(frame(join(hex('0004 0001 0006 0200000000010000 0800'), udp4()), 113))).toBe(
      'sent by the machine itself',
    );
    expect(packetOf(frame(udp4(), 127))).toBe('of an unknown link type');
  });

  it('distinguishes packets cut by the capture from malformed ones', () => {
    const whole = ethernet(udp4({ payload: PAYLOAD }));
    expect(packetOf(frame(whole.subarray(0, 38), 1, whole.length))).toBe('cut short by the capture');
    expect(packetOf(frame(whole.subarray(0, 38)))).toBe('malformed');
    const cut = chosen(whole.subarray(0, 44), 1, whole.length);
    expect(cut).toMatchObject({
      incomplete: true,
      environment: { length: 4, packet: PAYLOAD.subarray(0, 2) },
    });
    const long = udp4();
    long[25] = 200;
    expect(packetOf(frame(ethernet(long)))).toBe('malformed');
  });

  it('never throws, and shows no byte that is not in the frame', () => {
    const links = fc.constantFrom(0, 1, 101, 113, 276);
    const start = fc.constantFrom(
      ethernet(udp4()),
      ethernet(tcp4(2)),
      ethernet(udp6(PAYLOAD)),
      udp4(),
      hex(''),
    );
    fc.assert(
      fc.property(
        links,
        start,
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(99),
        fc.nat(255),
        (link, head, tail, at, to) => {
          const bytes = join(head, tail);
          if (at < bytes.length) bytes[at] = to;
          const packet = packetOf(frame(bytes, link));
          if (typeof packet === 'string') return;
          expect(packet.environment.network?.length).toBeLessThanOrEqual(bytes.length);
          expect(packet.environment.packet.length).toBeLessThanOrEqual(packet.environment.length ?? 0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
