/** The order of an experiment's rounds, and how often it changes the program. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BETWEEN_CHANGES, lengthOf, schedule, warmUp } from '../../src/prove/schedule.ts';
import type { Arm, Design } from '../../src/prove/types.ts';

const design = (values: Partial<Design> = {}): Design => ({
  order: 'random ABBA/BAAB',
  seed: 1,
  blocks: 10,
  round: 6,
  warm: 1,
  untilClear: false,
  ...values,
});

const designs = fc.record({
  seed: fc.integer(),
  blocks: fc.integer({ min: 1, max: 40 }),
  round: fc.double({ min: 4, max: 60, noNaN: true }),
  warm: fc.double({ min: 1, max: 60, noNaN: true }),
});
const before = fc.constantFrom<Arm | null>('off', 'on', null);

describe('a schedule', () => {
  it('never changes the program twice within 5 s', () =>
    fc.assert(
      fc.property(designs, before, (values, first) => {
        const changes = schedule(design(values), first).filter(({ change }) => change);
        for (const [at, { start }] of changes.slice(1).entries())
          expect(start - (changes[at]?.start ?? 0)).toBeGreaterThanOrEqual(BETWEEN_CHANGES - 1e-9);
      }),
      { seed: 20, numRuns: 200 },
    ));

  it('never does where one phase follows another, as with --latency', () =>
    fc.assert(
      fc.property(designs, before, (values, first) => {
        const deciding = schedule(design(values), first);
        const last = deciding.at(-1);
        const probing = schedule(design({ ...values, seed: values.seed + 1, blocks: 1 }), last?.arm ?? first);
        const changes = [
          ...deciding,
          ...probing.map((slot) => ({ ...slot, start: slot.start + (last?.end ?? 0) })),
        ]
          .filter(({ change }) => change)
          .map(({ start }) => start);
        for (const [at, start] of changes.slice(1).entries())
          expect(start - (changes[at] ?? 0)).toBeGreaterThanOrEqual(BETWEEN_CHANGES - 1e-6);
      }),
      { seed: 20, numRuns: 100 },
    ));

  it('refuses rounds that are too short for that', () => {
    expect(() => schedule(design({ round: 3, warm: 1 }), 'off')).toThrow(RangeError);
    expect(() => schedule(design({ round: Number.NaN }), 'off')).toThrow(RangeError);
  });

  it('has each arm twice in a block, in mirrored order', () =>
    fc.assert(
      fc.property(designs, before, (values, first) => {
        const slots = schedule(design(values), first);
        expect(slots).toHaveLength(4 * values.blocks);
        for (const block of Map.groupBy(slots, (slot) => slot.block).values()) {
          const arms = block.map(({ arm }) => arm).join(' ');
          expect(['off on on off', 'on off off on']).toContain(arms);
        }
      }),
      { seed: 20, numRuns: 50 },
    ));

  it('leaves no gap between rounds, and ends when it says', () => {
    const slots = schedule(design(), 'off');
    expect(slots.slice(1).every(({ start }, at) => start === slots[at]?.end)).toBe(true);
    expect(slots.at(-1)?.end).toBe(lengthOf(design()));
    expect(slots.every(({ start, measured }) => measured - start === 1)).toBe(true);
  });

  it('begins with a change unless the arm is there already', () => {
    const [first] = schedule(design(), 'off');
    expect(first?.change).toBe(first?.arm !== 'off');
    expect(schedule(design(), null)[0]?.change).toBe(true);
  });

  it('uses both orders, and another sequence for another seed', () => {
    const order = (seed: number) =>
      schedule(design({ seed, blocks: 40 }), 'off')
        .filter((_, at) => at % 4 === 0)
        .map(({ arm }) => arm);
    const firsts = order(1).filter((arm) => arm === 'off').length;
    expect(firsts).toBeGreaterThan(10);
    expect(firsts).toBeLessThan(30);
    expect(order(1)).toEqual(order(1));
    expect(order(2)).not.toEqual(order(1));
  });
});

describe('the warm-up', () => {
  it("is four mean lives, by Little's law, and a second at least", () => {
    expect(warmUp(530, 100)).toBeCloseTo(21.2, 12);
    expect(warmUp(3, 3_000)).toBe(1);
    expect(warmUp(10, 0)).toBe(1);
  });
});
