import { describe, expect, it } from 'vitest';
import type { PacketCounts } from '../../src/measure/interface-rates.ts';
import { shareOf } from '../../src/use-cases/tune-measurement.ts';

const counts = (tx: Readonly<Record<string, number>>): PacketCounts => ({
  packets: new Map(Object.entries(tx).map(([name, packets]) => [name, { rx: 0, tx: packets }])),
  at: 0,
});

describe('whose tx it was', () => {
  const before = counts({ eth0: 1_000, eth1: 1_000, lo: 5_000 });
  const after = counts({ eth0: 9_000, eth1: 2_000, lo: 6_000 });
  it.each([
    ['one of three interfaces', ['eth0'], 0, 0.8],
    ['two of them', ['eth0', 'eth1'], 0, 0.9],
    ['more was counted than these have sent', ['eth0'], 16_000, 0.5],
    ['one that has sent nothing that is known', ['eth9'], 0, 0],
    ['the plan changes no sending', [], 0, null],
  ])('%s', (_, senders, counted, share) => {
    expect(shareOf(senders, before, after, counted)).toBe(share);
  });

  it('a counter that went back, or a new interface, has sent an unknown number', () => {
    expect(shareOf(['eth0'], after, before, 0)).toBeNull();
    expect(shareOf(['eth0'], counts({}), after, 0)).toBeNull();
  });
});
