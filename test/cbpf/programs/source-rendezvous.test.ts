import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generate } from '../../../src/cbpf/programs.ts';
import { compile, simulate } from '../../../src/cbpf/simulate.ts';
import { from, SOURCES, unevenness } from '../packets.ts';

const program = (keys: readonly (readonly [slot: number, key: number])[]) =>
  generate({ name: 'source-rendezvous', keyOfSlot: new Map(keys) });
const members = (count: number) => Array.from({ length: count }, (_, slot) => [slot, slot] as const);

const anyAddress = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 1 }),
  fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 4, maxLength: 4 }),
);
const anyKeys = fc.uniqueArray(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 2, maxLength: 40 });

describe('source-rendezvous', () => {
  it('moves only the flows of the member that goes', () => {
    fc.assert(
      fc.property(anyKeys, fc.array(anyAddress, { minLength: 50 }), fc.nat(), (keys, addresses, which) => {
        const all = keys.map((key, slot) => [slot, key] as const);
        const gone = which % all.length;
        const before = compile(program(all));
        const after = compile(program(all.filter(([slot]) => slot !== gone)));
        for (const address of addresses) {
          const slot = before(from(address, 1)).result;
          if (slot !== gone) expect(after(from(address, 1)).result).toBe(slot);
        }
      }),
    );
  });

  it('keeps each source on its key when a restarting worker permutes the slots', () => {
    fc.assert(
      fc.property(anyKeys, anyAddress, fc.infiniteStream(fc.nat()), (keys, address, order) => {
        const keyChosen = (list: readonly number[]) =>
          list[simulate(program(list.map((key, slot) => [slot, key])), from(address, 1)).result];
        const shuffled = keys
          .map((key) => ({ key, rank: order.next().value ?? 0 }))
          .sort((one, other) => one.rank - other.rank)
          .map(({ key }) => key);
        expect(keyChosen(shuffled)).toBe(keyChosen(keys));
      }),
    );
  });

  it('uses only the address', () => {
    const run = compile(program(members(16)));
    for (const address of [[0xc0a80107], [0x20010db8, 0, 0, 7]]) {
      const slots = new Set([1, 53, 40000, 65535].map((port) => run(from(address, port)).result));
      expect(slots.size).toBe(1);
    }
  });

  it.each(Object.entries(SOURCES))('is even over %s, and so is what a lost member leaves', (_, source) => {
    for (const size of [3, 8, 64]) {
      const before = compile(program(members(size)));
      const after = compile(program(members(size).slice(1)));
      const counts = new Array<number>(size).fill(0);
      const inherited = new Array<number>(size).fill(0);
      for (let index = 0; index < 40_000; index++) {
        const packet = from(source(index), 1);
        const slot = before(packet).result;
        counts[slot] = (counts[slot] ?? 0) + 1;
        const heir = after(packet).result;
        if (slot === 0) inherited[heir] = (inherited[heir] ?? 0) + 1;
      }
      // Of a chi-square by its degrees of freedom, 7.6 is the 99.95th percentile for two of them, 1.6 for 63.
      const limit = 1 + 9.5 / Math.sqrt(2 * (size - 1));
      expect(unevenness(counts)).toBeLessThan(limit);
      expect(unevenness(inherited.slice(1))).toBeLessThan(1 + 14 / Math.sqrt(2 * (size - 1)));
    }
  });

  it('takes 12 instructions per member', () => {
    expect([16, 64].map((count) => program(members(count)).length)).toEqual([210, 786]);
  });
});
