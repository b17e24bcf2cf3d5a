import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu, generate, hash, map, rand } from '../../src/cbpf/programs.ts';
import { tryOut, unreached } from '../../src/steer/trial.ts';
import { anyProgram } from '../cbpf/arbitrary.ts';

const tcp = (size: number) => ({ protocol: 'tcp', address: '0.0.0.0', size }) as const;
const udp6 = (size: number) => ({ protocol: 'udp', address: '::', size }) as const;
const even = (size: number) => new Array<number>(size).fill(1);

describe('a trial', () => {
  it('gives the slot of each CPU if nothing else decides', () => {
    const trial = tryOut(cpu(3), tcp(3), [0, 1, 4, 9]);
    expect(trial).toMatchObject({ decides: ['cpu'], runs: 4, hashed: 0, beyond: 0, early: 0 });
    expect(trial.slotOfCpu).toEqual([
      { cpu: 0, slot: 0 },
      { cpu: 1, slot: 1 },
      { cpu: 4, slot: 1 },
      { cpu: 9, slot: 0 },
    ]);
    expect(unreached(trial)).toEqual([2]);
  });

  it('says what is left to the hash, on purpose or not', () => {
    const only = tryOut(map(new Map([[1, 0]])), tcp(2), [0, 1]);
    expect(only).toMatchObject({ slots: [1, 0], hashed: 1, beyond: 0 });
    expect(only.slotOfCpu?.[0]).toEqual({ cpu: 0, slot: null });
    expect(tryOut(hash(), tcp(2), [0, 1])).toMatchObject({ slots: [0, 0], hashed: 2 });
    expect(tryOut(cpu(4), tcp(2), [0, 1, 2, 3])).toMatchObject({ slots: [1, 1], hashed: 0, beyond: 2 });
    expect(unreached(only)).toEqual([]);
  });

  it('draws numbers, queues and packets where they decide, evenly', () => {
    const weights = even(8);
    const spread = [
      rand(8),
      generate({ name: 'queue', size: 8 }),
      generate({ name: 'weighted', weights, spread: 'flow' }),
      generate({ name: 'source-rendezvous', keyOfSlot: new Map(weights.map((_, slot) => [slot, slot])) }),
    ];
    for (const program of spread)
      for (const group of [tcp(8), udp6(8)]) {
        const trial = tryOut(program, group, [0, 1]);
        expect(trial).toMatchObject({ slotOfCpu: null, runs: 16_384, hashed: 0, early: 0 });
        for (const count of trial.slots) expect(Math.abs(count - 2048)).toBeLessThan(250);
        expect(unreached(trial)).toEqual([]);
      }
  });

  it('reports slots that are never chosen, but not after too few runs', () => {
    const drained = generate({ name: 'drain', size: 4, drained: [2], by: 'rand' });
    expect(unreached(tryOut(drained, tcp(4), [0]))).toEqual([2]);
    const long: Instruction[] = [...new Array<Instruction>(4090).fill([0x07, 0, 0, 0]), ...rand(20_000)];
    expect(unreached(tryOut(long, tcp(20_000), [0]))).toEqual([]);
  });

  it('counts programs that end early: a SYN has no payload, a datagram has', () => {
    const firstByte: Instruction[] = [
      [0x30, 0, 0, 0],
      [0x94, 0, 0, 4],
      [0x16, 0, 0, 0],
    ];
    expect(tryOut(firstByte, tcp(4), [0])).toMatchObject({ early: 16_384, slots: [16_384, 0, 0, 0] });
    expect(tryOut(firstByte, udp6(4), [0])).toMatchObject({ early: 0 });
  });

  it('accounts for every run of every program', () => {
    fc.assert(
      fc.property(anyProgram, fc.integer({ min: 1, max: 40 }), (wanted, size) => {
        const { runs, slots, hashed, beyond } = tryOut(generate(wanted), tcp(size), [0, 1, 2]);
        expect(slots.reduce((sum, one) => sum + one, hashed + beyond)).toBe(runs);
      }),
      { numRuns: 30 },
    );
  });
});
