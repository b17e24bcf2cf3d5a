import { describe, expect, it } from 'vitest';
import { expectedLocality } from '../../src/path/expected.ts';
import { withPlan } from '../../src/what-if/plan.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';

describe('a planned machine', () => {
  it('is local where the present one is not, for each protocol', () => {
    const groups = [
      group({ port: 443, workers: pinned(3, 2, 1, 0) }),
      group({ protocol: 'udp', port: 443, workers: pinned(3, 2, 1, 0) }),
    ];
    const machine = host({ nics: [nic({ queues: 4 })], groups });
    const local = (of: typeof machine) => expectedLocality(of).map(({ now }) => now);
    expect(local(machine)).toEqual([0.25, 0.25]);
    expect(local(withPlan(machine))).toEqual([1, 1]);
  });

  it('is the present one if there is nothing to serve', () => {
    const machine = host({ nics: [nic({ queues: 4 })] });
    expect(withPlan(machine)).toBe(machine);
  });
});
