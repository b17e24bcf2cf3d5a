import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpoint, formatFlow, parseFlow, parseFlows } from '../../src/path/flow.ts';
import { parseAddress } from '../../src/system/address.ts';

const port = fc.nat(0xffff);
const side = (length: 4 | 16) => fc.tuple(fc.uint8Array({ minLength: length, maxLength: length }), port);
const pair = fc.oneof(fc.tuple(side(4), side(4)), fc.tuple(side(16), side(16)));
/** Written as IPv6, IPv4 on the wire. */
const isMapped = (bytes: Uint8Array) =>
  bytes.length === 16 && bytes.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';

describe('a flow', () => {
  it('reads back as it is written', () => {
    fc.assert(
      fc.property(fc.constantFrom('tcp', 'udp'), pair, (protocol, [[from, fromPort], [to, toPort]]) => {
        fc.pre(!isMapped(from) && !isMapped(to));
        const flow = { protocol, source: endpoint(from, fromPort), destination: endpoint(to, toPort) };
        const [, source = '', destination = ''] = formatFlow(flow).split(' ');
        expect(parseFlow(protocol, source, destination)).toEqual(flow);
        expect(parseFlows(`# a list\n\n  ${formatFlow(flow)} # one\n`)).toEqual([flow]);
      }),
    );
  });

  it('never throws, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        parseFlow('tcp', one, other);
        parseFlows(`${one}\n${other}`);
        parseAddress(one);
      }),
    );
    fc.assert(fc.property(fc.ipV6(), (text) => void expect(parseAddress(text)).not.toBeNull()));
  });

  it('treats a mapped address as the IPv4 address on the wire', () => {
    expect(parseAddress('::ffff:192.0.2.1')).toEqual(Uint8Array.of(192, 0, 2, 1));
  });

  it.each([
    ['sctp', '1.2.3.4:5', '1.2.3.4:6', "'sctp': neither tcp nor udp"],
    [
      'tcp',
      '1.2.3.4',
      '1.2.3.4:6',
      "'1.2.3.4': not an address and a port, as 198.51.100.7:40001 or [2001:db8::7]:40001",
    ],
    [
      'tcp',
      '1.2.3.4:5',
      '2001:db8::1:443',
      "'2001:db8::1:443': not an address and a port, as 198.51.100.7:40001 or [2001:db8::7]:40001",
    ],
    [
      'tcp',
      '1.2.3.4:5',
      '1.2.3.4:65536',
      "'1.2.3.4:65536': not an address and a port, as 198.51.100.7:40001 or [2001:db8::7]:40001",
    ],
    ['udp', '1.2.3.4:5', '[::1]:6', '1.2.3.4:5, [::1]:6: one is IPv4, the other IPv6'],
  ])('says what is wrong with %s %s %s', (protocol, source, destination, message) => {
    expect(parseFlow(protocol, source, destination)).toBe(message);
  });

  it('names the line of a list', () => {
    expect(parseFlows('tcp 1.1.1.1:1 2.2.2.2:2\ntcp 1.1.1.1:1')).toMatch(/^line 2: ''/);
    expect(parseFlows('tcp 1.1.1.1:1 2.2.2.2:2 x')).toBe(
      'line 1: more than a protocol, a source and a destination',
    );
  });

  it.each([0, 1, 2])('repeats no more than the beginning of a long word %i', (at) => {
    const words = ['tcp', '1.1.1.1:1', '2.2.2.2:2'].with(at, 'x'.repeat(200_000));
    expect(parseFlows(words.join(' '))).toMatch(/^line 1: 'x{59}…': .{1,100}$/);
  });
});
