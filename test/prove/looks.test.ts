/** Looks at a running experiment. */
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../src/cbpf/random.ts';
import { isLook, LOOKS, lookAt, lookInterval } from '../../src/prove/looks.ts';
import { tInterval } from '../../src/prove/statistics.ts';

describe('the looks', () => {
  it('come after each third', () => {
    const looks = Array.from({ length: 31 }, (_, done) => done).filter((done) => isLook(done, 30));
    expect(looks).toEqual([10, 20, 30]);
    expect([0, 9, 10, 19, 20, 30].map((done) => lookAt(done, 30))).toEqual([0, 0, 1, 1, 2, 3]);
  });

  it('have intervals that become narrower than chance would make them, and never as narrow as one look', () => {
    const d = [-0.02, 0.01, 0.03, -0.01, 0.02, -0.03, 0.01, 0, 0.02, -0.01];
    const widths = [1, 2, 3].map((look) => {
      const { low, high } = lookInterval(d, look);
      return high - low;
    });
    const { low, high } = tInterval(d);
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
    expect(widths.at(-1)).toBeGreaterThan(high - low);
  });

  it('claim something of nothing in about one experiment of 20', () => {
    const random = randomFrom(20);
    const next = () =>
      Math.sqrt(-2 * Math.log((random() + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * random()) / 2 ** 32);
    const experiments = 2_000;
    let claims = 0;
    for (let each = 0; each < experiments; each++) {
      const d = Array.from({ length: 30 }, next);
      const isClaimed = Array.from({ length: LOOKS }, (_, at) =>
        lookInterval(d.slice(0, 10 * (at + 1)), at + 1),
      ).some(({ low, high }) => low > 0 || high < 0);
      if (isClaimed) claims++;
    }
    // Seeded. Three looks with the interval of one would claim something in 11 %.
    expect(claims / experiments).toBeGreaterThan(0.035);
    expect(claims / experiments).toBeLessThan(0.065);
  });
});
