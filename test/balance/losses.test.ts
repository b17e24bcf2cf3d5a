/** A text of a journal or a plan, on a machine where that program would lose every packet now. */
import { describe, expect, it } from 'vitest';
import { refuseLosses } from '../../src/balance/program.ts';
import type { Situation } from '../../src/xdp/situation.ts';
import { formatSpread } from '../../src/xdp/spread.ts';
import { SITUATION, SPREAD, VETH } from '../xdp/situations.ts';

const spread = (mode: 'native' | 'generic') => formatSpread({ ...SPREAD, mode });
const BALANCER =
  'balance --mode native --flow-cache 0 --seed 5eed0000 tcp/198.51.100.1/443=10.0.0.1/1/mac/02:00:00:00:00:01';
const SPORT = 'sport --port 4000 --one-way --range 1024-65535 --mode native';

const OFFLOAD = new Map([['tx-checksum-ip-generic', { on: true, changeable: true }]]);
const peer = (more: object) => ({ ...VETH, peer: { name: 'v1', features: OFFLOAD, hasXdp: true, ...more } });
const OLD: Situation = { ...SITUATION, kernel: [5, 10] };

const codeOf = (text: string, situation: Situation): unknown => {
  try {
    refuseLosses(text, situation);
    return null;
  } catch (error) {
    return Reflect.get(Object(error), 'code');
  }
};

describe('what is attached again for an undo, a saved plan or a watcher', () => {
  it.each([
    [spread('generic'), OLD, 'kernel-too-old'],
    [spread('native'), OLD, null],
    [spread('native'), peer({}), 'peer-checksums'],
    [spread('native'), peer({ features: new Map() }), null],
    // It was attached once by somebody who has answered for that end.
    [spread('native'), VETH, null],
    [spread('generic'), peer({}), null],
    [BALANCER, peer({ hasXdp: false }), 'peer-without-xdp'],
    [BALANCER, peer({}), 'peer-checksums'],
    [BALANCER, peer({ features: new Map() }), null],
    [BALANCER, VETH, null],
    [SPORT, peer({}), null],
    ['none', peer({ hasXdp: false }), null],
  ])('%s: %#', (text, situation, code) => {
    expect(codeOf(text, situation)).toBe(code);
  });

  it('may replace one that loses them already, so that a backend can be removed', () => {
    const situation = peer({ hasXdp: false });
    const own = { command: 'balance', way: 'rows' } as const;
    const program = { programId: 1, mode: 'native', info: null, own } as const;
    const having = { ...situation, state: { ...situation.state, programs: [program] } };
    expect(codeOf(BALANCER, having)).toBeNull();
    expect(codeOf(spread('native'), having)).toBe('peer-checksums');
  });
});
