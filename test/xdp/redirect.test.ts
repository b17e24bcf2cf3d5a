import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { below } from '../../src/xdp/hash.ts';
import { redirecting } from '../../src/xdp/redirect.ts';
import { parsePorts, type Spread } from '../../src/xdp/spread.ts';
import { flowHash } from './packets.ts';

const ports = parsePorts('443,4000', 'flow') ?? expect.fail('no ports');
const spread: Spread = {
  by: { way: 'flow' },
  ...ports,
  tcp: false,
  cpus: [0, 2, 5],
  queue: 64,
  mode: 'native',
};
const TARGETS = [2, 0, 5];

const flows = fc.constantFrom(4, 16).chain((size) => {
  const address = fc.uint8Array({ minLength: size, maxLength: size });
  return fc.record({
    source: address,
    destination: address,
    sourcePort: fc.nat(0xffff),
    seed: fc.nat(0xffff_ffff),
  });
});

describe('a redirect', () => {
  it('is to the CPU that the program chooses by addresses and ports', () => {
    fc.assert(
      fc.property(flows, ({ source, destination, sourcePort, seed }) => {
        const flow = { source, destination, sourcePort, destinationPort: 4000 };
        const found = redirecting(
          spread,
          seed,
          TARGETS,
        )({
          protocol: 'udp',
          source: { bytes: source, port: sourcePort },
          destination: { bytes: destination, port: 4000 },
        });
        expect(found).toMatchObject({ cpu: TARGETS[below(flowHash(seed, flow), 3)], native: true });
      }),
    );
  });

  const to = (port: number, protocol: 'tcp' | 'udp' = 'udp') => ({
    protocol,
    source: { bytes: Uint8Array.of(10, 0, 0, 1), port: 9 },
    destination: { bytes: Uint8Array.of(10, 0, 0, 2), port },
  });

  it('is unknown where the payload decides, and none for other ports and protocols', () => {
    const quic = redirecting({ ...spread, by: { way: 'quic', length: 8 }, mode: 'generic' }, 1, TARGETS);
    expect(quic(to(443))).toEqual({
      cpu: null,
      anyOf: [0, 2, 5],
      native: false,
      why: 'xdp spread, generic mode: CPUs 0,2,5, by quic:8',
    });
    expect(quic(to(444))).toBeNull();
    expect(quic(to(443, 'tcp'))).toBeNull();
  });
});
