import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOf, type Health, judge, turnOf } from '../../src/balance/health.ts';
import type { AttachedVip } from '../../src/balance/in-force.ts';
import { outOfService, tableWithout } from '../../src/balance/out-of-service.ts';
import { rowCounts, seedOf } from '../../src/balance/table.ts';
import type { FileVip } from '../../src/balance/types.ts';

const SEED = seedOf('0123456789abcdef');

describe('a backend', () => {
  it('goes after so many failures in a row, and comes back after so many answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        (fall, rise, answers) => {
          let health: Health = { up: true, against: 0 };
          for (const [at, answer] of answers.entries()) {
            const next = judge(health, answer, { fall, rise, keep: 50 });
            const need = health.up ? fall : rise;
            const last = answers.slice(Math.max(0, at + 1 - need), at + 1);
            const turned = last.length === need && last.every((each) => each !== health.up);
            expect(next.up).toBe(turned ? !health.up : health.up);
            health = next;
          }
        },
      ),
      { seed: 20_261_130 },
    );
  });
});

describe('a VIP', () => {
  const backends = fc.uniqueArray(
    fc.record({ address: fc.nat(30).map((host) => `10.0.0.${host}`), weight: fc.nat(5) }),
    { selector: ({ address }) => address, minLength: 1, maxLength: 8 },
  );

  it('keeps enough of its weight, gives back all that answer, and says what it keeps', () => {
    fc.assert(
      fc.property(
        backends.filter((each) => each.some(({ weight }) => weight > 0)),
        fc.integer({ min: 1, max: 100 }),
        fc.func(fc.boolean()),
        fc.func(fc.boolean()),
        (given, keep, isUp, wasIn) => {
          const total = given.reduce((sum, { weight }) => sum + weight, 0);
          const left = (out: ReadonlySet<string>) =>
            given.reduce((sum, { address, weight }) => sum + (out.has(address) ? 0 : weight), 0);
          const before = turnOf(given, new Set(), (address) => !wasIn(address), { keep }).out;
          const { out, kept } = turnOf(given, before, isUp, { keep });
          expect(100 * left(out)).toBeGreaterThanOrEqual(keep * total);
          expect(left(out)).toBeGreaterThan(0);
          for (const { address, weight } of given) {
            if (isUp(address)) expect(out.has(address) || kept.includes(address)).toBe(false);
            else if (weight > 0) expect(out.has(address)).toBe(!kept.includes(address));
            // Nothing more can go.
            if (kept.includes(address)) expect(100 * (left(out) - weight)).toBeLessThan(keep * total);
          }
          // Nothing changes if nothing has changed, in whatever order.
          expect(turnOf(given.toReversed(), out, isUp, { keep }).out).toEqual(out);
        },
      ),
      { seed: 20_261_130 },
    );
  });

  it('shows by its rows which backends are away', () => {
    const vip: AttachedVip = {
      address: '198.51.100.1',
      port: 443,
      protocol: 'tcp',
      backends: [1, 2, 3, 4].map((host) => ({
        address: `10.0.0.${host}`,
        mac: '02:00:00:00:00:01',
        weight: host === 4 ? 0 : host,
        via: 'mac',
      })),
    };
    for (const out of [[], ['10.0.0.2'], ['10.0.0.1', '10.0.0.3']]) {
      const counts = rowCounts(tableWithout(vip, SEED, new Set(out)), vip);
      expect([...outOfService(vip, SEED, counts)]).toEqual(out);
    }
  });

  it('is checked as the file says, by default by TCP where it is, of UDP not at all', () => {
    const vip = { address: '198.51.100.1', port: 443, protocol: 'tcp', backends: [] } as const;
    const file = (health: FileVip['health']): readonly FileVip[] => [{ ...vip, health }];
    expect(checkOf(vip, null)).toEqual({ protocol: 'tcp', port: 443, request: null });
    expect(checkOf(vip, file(null))).toEqual({ protocol: 'tcp', port: 443, request: null });
    expect(checkOf(vip, file({ protocol: 'none', port: null, request: null }))).toBeNull();
    expect(checkOf(vip, file({ protocol: 'udp', port: 53, request: '00ff' }))).toEqual({
      protocol: 'udp',
      port: 53,
      request: Buffer.from([0, 255]),
    });
    expect(checkOf({ ...vip, protocol: 'udp' }, null)).toBeNull();
    expect(checkOf({ ...vip, port: 0 }, null)).toBeNull();
  });
});
