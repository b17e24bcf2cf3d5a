import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBalancer } from '../../src/balance/file.ts';

const backend = { address: '10.0.0.1', mac: '02:00:00:00:00:01', weight: 2, via: 'mac' };
const vip = { address: '198.51.100.1', port: 443, protocol: 'tcp', health: null, backends: [backend] };
const file = { seed: '0123456789abcdef', vips: [vip] };

const parse = (document: unknown) => parseBalancer(JSON.stringify(document));
const withVip = (more: object) => ({ ...file, vips: [{ ...vip, ...more }] });
const withBackend = (more: object) => withVip({ backends: [{ ...backend, ...more }] });

describe('the file of a balancer', () => {
  it('is what it says, with a weight of 1 and the same link if it does not', () => {
    expect(parse(file)).toEqual({ ...file, flowCache: null });
    expect(parse({ ...file, flowCache: 65_536 })).toMatchObject({ flowCache: 65_536 });
    expect(parse(withVip({ backends: [{ address: '2001:DB8:0::7' }] })).vips[0]?.backends).toEqual([
      { address: '2001:db8::7', mac: null, weight: 1, via: 'mac' },
    ]);
  });

  it.each([
    [{ ...file, seed: 'short' }, 'seed: at least 16 characters expected'],
    [{ ...file, vips: [] }, 'vips: at least one expected'],
    [{ ...file, vip: [] }, 'the document: there is no field "vip"; known are seed, flowCache, vips'],
    [{ ...file, vips: [vip, vip] }, 'vips[1]: tcp 198.51.100.1:443 is there twice'],
    [withVip({ port: 65_536 }), 'vips[0].port: a whole number from 0 to 65535 expected'],
    [withVip({ protocol: 'sctp' }), 'vips[0].protocol: one of tcp, udp expected'],
    [withVip({ backends: [] }), 'vips[0].backends: one with a weight above 0 expected'],
    [
      withVip({ backends: [{ ...backend, weight: 0 }] }),
      'vips[0].backends: one with a weight above 0 expected',
    ],
    [withVip({ backends: [backend, backend] }), 'vips[0].backends[1]: 10.0.0.1 is there twice'],
    [withBackend({ wieght: 3 }), 'vips[0].backends[0]: there is no field "wieght"'],
    [withBackend({ address: 'web-1' }), 'vips[0].backends[0].address: an IP address expected'],
    [withBackend({ address: '198.51.100.1' }), 'is the address that it should serve'],
    [withBackend({ mac: '01:00:5e:00:00:01' }), 'vips[0].backends[0].mac: a multicast address'],
    [withBackend({ mac: '2:0:0:0:0:1' }), 'vips[0].backends[0].mac: a MAC address expected'],
    [withVip({ health: { protocol: 'udp' } }), 'vips[0].health: udp needs a request'],
    [withVip({ health: { protocol: 'tcp', request: '00' } }), 'vips[0].health: a request is for udp'],
    [withVip({ port: 0, health: { protocol: 'tcp' } }), 'vips[0].health: a port expected'],
    [
      withVip({ health: { protocol: 'udp', request: '0' } }),
      'vips[0].health.request: 1 to 512 bytes in hexadecimal digits expected',
    ],
    [withBackend({ address: '2001:db8::1', via: 'ipip' }), 'ipip needs an address of the same family'],
  ])('is refused with its place: %j', (document, message) => {
    expect(() => parse(document)).toThrow(message);
  });

  it('throws nothing but failures, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseBalancer(text);
        } catch (error) {
          expect(error).toHaveProperty('hint');
        }
      }),
      { seed: 20_261_130 },
    );
  });
});
