import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFlow } from '../../src/path/flow.ts';
import { flowsIn } from '../../src/what-if/capture.ts';
import { ethernet, hex, pcap, pullFrom, tcp4, udp4, udp6 } from '../pcap/files.ts';

const [SYN, ACK] = [2, 16];
const flows = (...packets: readonly Uint8Array[]) =>
  flowsIn(pullFrom(pcap(packets.map((packet) => ethernet(packet, 7))))).flows.map(formatFlow);

describe('the flows of a capture', () => {
  it('are those that choose a socket, each once', () => {
    expect(
      flows(
        tcp4(SYN, { sport: 1, options: 3 }),
        tcp4(SYN, { sport: 2 }),
        tcp4(SYN, { sport: 1 }),
        tcp4(SYN | ACK),
        tcp4(ACK, { sport: 9 }),
        udp4({ dport: 443 }),
        udp6(hex('c0ffee')),
        udp6(hex('c0ffee'), [60, hex('0000000000000000')]),
      ),
    ).toEqual([
      'tcp 192.168.1.2:1 192.168.1.1:80',
      'tcp 192.168.1.2:2 192.168.1.1:80',
      'udp 192.168.1.2:4242 192.168.1.1:443',
      'udp [2001:db8::7]:4242 [2001:db8::1]:53',
    ]);
  });

  it('say how many packets have none, and what is wrong with the file', () => {
    const bytes = pcap([ethernet(tcp4(SYN)), ethernet(tcp4(ACK)), ethernet(udp4())]);
    expect(flowsIn(pullFrom(bytes.subarray(0, -3)))).toMatchObject({
      flows: [{ protocol: 'tcp' }],
      passedOver: 1,
      problem: 'it ends in the middle of a packet',
    });
  });

  it('accept any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (frame) => void flowsIn(pullFrom(pcap([frame])))),
    );
  });
});
