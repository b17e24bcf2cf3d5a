import { expect, it } from 'vitest';
import { sumUntilNow } from '../../src/measure/locality-counter.ts';
import type { Interval } from '../../src/measure/types.ts';

it('sums up to now even if the clock was set back by an hour', async () => {
  async function* intervals(): AsyncGenerator<Interval, void> {
    const began = performance.now();
    // A second that began before, and two that begin after.
    for (const at of [0.5, 1.5, 2.5])
      yield {
        time: new Date(Date.now() - 3_600_000),
        ended: began + 1000 * at,
        seconds: 1,
        counts: new Map(),
        lost: 0,
        full: [],
      };
  }
  const counted = await sumUntilNow({ intervals: intervals() }, () => ({ events: 4, local: 3 }));
  expect(counted).toEqual({ seconds: 2, events: 8, local: 6, percent: 75 });
});
