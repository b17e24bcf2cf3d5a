import { describe, expect, it } from 'vitest';
import { refusals, sideEffects } from '../../src/balance/hazards.ts';
import { SITUATION, VETH } from '../xdp/situations.ts';

describe('what is said before a balancer is attached', () => {
  it('that byte queue limits lose packets in generic mode before Linux 5.19', () => {
    const said = (more: object, mode: 'native' | 'generic' = 'generic') =>
      sideEffects(mode, [], { ...SITUATION, kernel: [5, 10], byteLimit: 86, ...more }).join();
    expect(said({})).toContain('/sys/class/net/eth0/queues/tx-*');
    expect(said({ kernel: [5, 18] })).toContain('BQL');
    for (const quiet of [
      { kernel: [5, 19] },
      { kernel: [6, 1] },
      { byteLimit: null },
      { byteLimit: 1_000_000 },
    ])
      expect(said(quiet)).toBe('');
    expect(said({}, 'native')).not.toContain('BQL');
  });
});

describe('what drops every packet of a balancer', () => {
  it('is refused: native on a veth whose other end has no program', () => {
    const peer = { name: 'v1', features: new Map(), hasXdp: false };
    const codes = (more: object, force = false) =>
      refusals('native', { ...VETH, ...more }, force).map(({ code }) => code);
    expect(codes({})).toEqual(['peer-unseen']);
    expect(codes({}, true)).toEqual([]);
    expect(codes({ peer })).toEqual(['peer-without-xdp']);
    expect(codes({ peer: { ...peer, hasXdp: true } })).toEqual([]);
    expect(refusals('generic', VETH, false)).toEqual([]);
  });
});
