import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANOTHER_CPU } from '../../probes/skb.ts';
import { skbKeys } from '../../src/measure/keys.ts';
import { toSkbs } from '../../src/measure/skb.ts';
import type { Interval } from '../../src/measure/types.ts';

const interval = (maps: Readonly<Record<string, Readonly<Record<string, number>>>>): Interval => ({
  time: new Date(0),
  ended: 0,
  seconds: 1,
  counts: new Map(Object.entries(maps).map(([name, map]) => [name, new Map(Object.entries(map))])),
  lost: 0,
  full: [],
});
const ALL = { tx: true, toDriver: true };

describe('figures of packets', () => {
  it('are local on the diagonal', () => {
    const counted = interval({
      rx: { '0,0': 1, '0,4': 2, '4,0': 3, '4,4': 4 },
      tx: { '4,4': 7 },
      driver: { '0,0': 5, '0,4': 5 },
    });
    expect(toSkbs(counted, [0, 4], ALL)).toEqual({
      rx: { packets: 10, local: 5, percent: 50 },
      tx: { packets: 7, local: 7, percent: 100 },
      toDriver: { packets: 10, local: 5, percent: 50 },
      rxMatrix: [
        [1, 2],
        [3, 4],
      ],
      txMatrix: [
        [0, 0],
        [0, 7],
      ],
      notes: [],
    });
  });

  it('count as remote packets whose other CPU is not known, and those of a CPU that is offline now', () => {
    const { tx, txMatrix } = toSkbs(interval({ tx: { [`0,${ANOTHER_CPU}`]: 3, '7,7': 1 } }), [0, 1], ALL);
    expect(tx).toEqual({ packets: 4, local: 1, percent: 25 });
    expect(txMatrix?.flat()).toEqual([0, 0, 0, 0]);
  });

  it('are null where nothing was counted, or could be', () => {
    const { rx, tx, toDriver, txMatrix } = toSkbs(interval({}), [0], { tx: false, toDriver: false });
    expect(rx).toEqual({ packets: 0, local: 0, percent: null });
    expect(tx).toEqual({ packets: null, local: null, percent: null });
    expect([toDriver, txMatrix]).toEqual([null, null]);
  });

  it('have no percentage if the map was full', () => {
    const { rx, tx } = toSkbs(
      { ...interval({ rx: { '0,0': 1 }, tx: { '0,0': 1 } }), full: ['rx'] },
      [0],
      ALL,
    );
    expect([rx.percent, tx.percent]).toEqual([null, 100]);
  });

  it('say how much was read without a known delivery', () => {
    expect(toSkbs(interval({ unknown: { '': 23 } }), [0], ALL).notes).toEqual([
      expect.stringMatching(/^23 /),
    ]);
  });

  it('agree with their matrix', () => {
    const cpu = fc.nat(7);
    const pairs = fc.array(fc.tuple(cpu, cpu, fc.nat(1_000)));
    fc.assert(
      fc.property(pairs, (list) => {
        const map = Object.fromEntries(list.map(([made, used, count]) => [`${made},${used}`, count]));
        const { rx, rxMatrix } = toSkbs(interval({ rx: map }), [0, 1, 2, 3, 4, 5, 6, 7], ALL);
        expect(rxMatrix.flat().reduce((sum, count) => sum + count, 0)).toBe(rx.packets);
        expect(rxMatrix.reduce((sum, row, index) => sum + (row[index] ?? 0), 0)).toBe(rx.local);
        expect(rx.percent === 100).toBe(rx.packets !== 0 && rx.local === rx.packets);
      }),
    );
  });
});

describe('the room for pairs of CPUs', () => {
  it('is enough for all of them up to 256, and at most 128 MB of kernel memory', () => {
    for (let cpus = 1; cpus <= 8192; cpus++) {
      const keys = skbKeys(cpus);
      if (cpus <= 255) expect(keys).toBeGreaterThan(cpus * cpus);
      if (cpus <= 1024) expect(keys * cpus * 8).toBeLessThanOrEqual(128 * 1024 * 1024);
      expect(keys).toBeGreaterThan(4_096);
    }
  });
});
