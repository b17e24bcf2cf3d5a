import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/balance/digest.ts';
import { movesOf } from '../../src/balance/moves.ts';
import { fairShare, ROWS, rowCounts, seedOf, tableOf } from '../../src/balance/table.ts';
import type { Backend, Vip } from '../../src/balance/types.ts';

const SEED = seedOf('0123456789abcdef');

const backend = (address: string, weight = 1): Backend => ({ address, mac: null, weight, via: 'mac' });
const vip = (...backends: readonly Backend[]): Vip => ({
  address: '198.51.100.1',
  port: 443,
  protocol: 'tcp',
  backends,
});
const [a, b, c, d] = [backend('10.0.0.1'), backend('10.0.0.2'), backend('10.0.0.3', 2), backend('10.0.0.4')];
const served = (of: Vip, seed = SEED) => ({ vip: of, table: tableOf(of, seed) });

/** Of a binomial distribution, in rows. */
const standardError = (share: number): number => Math.sqrt(ROWS * share * (1 - share));

describe('a table', () => {
  it('gives each backend its share, within four standard errors', () => {
    const of = vip(a, b, c, d);
    const counts = rowCounts(tableOf(of, SEED), of);
    for (const [index, each] of of.backends.entries()) {
      const share = fairShare(each, of);
      expect(Math.abs((counts[index] ?? 0) - share * ROWS)).toBeLessThan(4 * standardError(share));
    }
    expect(counts.reduce((sum, rows) => sum + rows)).toBe(ROWS);
  });

  it('gives nothing to a backend without a weight', () => {
    const of = vip(a, backend('10.0.0.9', 0), b);
    expect(rowCounts(tableOf(of, SEED), of)[1]).toBe(0);
  });

  it('depends neither on the order of the file nor on how a backend is reached', () => {
    const one = served(vip(a, b, c));
    const other = served(vip({ ...c, via: 'ipip' }, { ...a, mac: '02:00:00:00:00:01' }, b));
    expect(movesOf(one, other)).toEqual({ rows: 0, broken: 0, orphaned: 0, pairs: [] });
    expect(digestOf(SEED, [one])).toBe(digestOf(SEED, [other]));
    expect(digestOf(SEED, [one])).toBe(digestOf(SEED, [served(vip(a, backend('10.0.0.9', 0), b, c))]));
    expect(digestOf(SEED, [one])).not.toBe(digestOf(SEED + 1, [served(vip(a, b, c), SEED + 1)]));
    expect(digestOf(SEED, [one])).not.toBe(digestOf(SEED, [served(vip(a, b, { ...c, weight: 1 }))]));
  });
});

describe('a change', () => {
  it('that removes a backend moves its own rows and no other', () => {
    const before = served(vip(a, b, c));
    const moves = movesOf(before, served(vip(a, c)));
    expect(moves.rows).toBe(rowCounts(before.table, before.vip)[1]);
    expect(moves).toMatchObject({ broken: 0, orphaned: moves.rows });
    expect(new Set(moves.pairs.map(({ from }) => from))).toEqual(new Set(['10.0.0.2']));
  });

  it('that adds one moves only rows to it, and breaks them', () => {
    const after = served(vip(a, b, c, d));
    const moves = movesOf(served(vip(a, b, c)), after);
    expect(moves.rows).toBe(rowCounts(after.table, after.vip)[3]);
    expect(moves).toMatchObject({ broken: moves.rows, orphaned: 0 });
  });

  const machines = fc
    .uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 1, maxLength: 5 })
    .chain((hosts) =>
      fc.tuple(
        ...hosts.map((host) =>
          fc.integer({ min: 1, max: 9 }).map((weight) => backend(`10.0.0.${host}`, weight)),
        ),
      ),
    );

  it('of one weight moves rows only to that backend, or only from it', () => {
    fc.assert(
      fc.property(machines, fc.nat(), fc.integer({ min: 0, max: 9 }), (backends, which, weight) => {
        const changed = backends[which % backends.length];
        if (changed === undefined || (weight === 0 && backends.length === 1)) return;
        const after = backends.map((each) => (each === changed ? { ...each, weight } : each));
        const { pairs } = movesOf(served(vip(...backends)), served(vip(...after)));
        const more = weight > changed.weight;
        for (const { from, to } of pairs) expect(more ? to : from).toBe(changed.address);
        if (weight === changed.weight) expect(pairs).toEqual([]);
      }),
      { seed: 20_261_130, numRuns: 8 },
    );
  });
});
