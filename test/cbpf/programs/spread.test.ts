import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY } from '../../../src/cbpf/environment.ts';
import { generate, OUT_OF_RANGE } from '../../../src/cbpf/programs.ts';
import { compile, simulate } from '../../../src/cbpf/simulate.ts';
import { from, SOURCES, unevenness } from '../packets.ts';

const sorted = (list: readonly number[]) => [...list].sort((one, other) => one - other);
const anySlots = fc.uniqueArray(fc.nat(99), { minLength: 1, maxLength: 30 }).map(sorted);

/** Counts of what a program returns for `runs` packets of one source each, from one port to the next. */
function tally(program: ReturnType<typeof generate>, size: number, runs = 20_000): number[] {
  const run = compile(program);
  const counts = new Array<number>(size).fill(0);
  for (let index = 0; index < runs; index++) {
    const { result } = run({
      ...from([0x0a000000 + (index >> 4)], 32768 + index),
      rand: (index * 0x9e3779b1) >>> 0,
    });
    counts[result] = (counts[result] ?? 0) + 1;
  }
  return counts;
}

describe('queue', () => {
  it('uses the recorded queue, and leaves packets without one to the hash', () => {
    const run = compile(generate({ name: 'queue', size: 3 }));
    expect([0, 1, 2, 3, 4, 65_535].map((queue) => run({ ...EMPTY, queue }).result)).toEqual([
      OUT_OF_RANGE,
      ...[0, 1, 2, 0],
      65_534 % 3,
    ]);
  });
});

describe('numa', () => {
  const anyBy = fc.constantFrom('rand', 'flow');

  it('chooses among all slots of the CPU’s own node', () => {
    fc.assert(
      fc.property(anySlots, anySlots, fc.boolean(), anyBy, (one, other, blocks, by) => {
        const cpus = Array.from({ length: 64 }, (_, cpu) => cpu);
        const isOne = (cpu: number) => (blocks ? cpu < 32 : cpu % 2 === 0);
        const nodes = [
          { cpus: cpus.filter(isOne), slots: one },
          { cpus: cpus.filter((cpu) => !isOne(cpu)), slots: other },
        ];
        const run = compile(generate({ name: 'numa', nodes, spread: by }));
        for (const cpu of [0, 1, 31, 32, 63]) {
          const reached = new Set<number>();
          for (let index = 0; index < 1_000; index++)
            reached.add(run({ ...from([index], index), rand: index, cpu }).result);
          expect(sorted([...reached])).toEqual(isOne(cpu) ? one : other);
        }
        expect(run({ ...EMPTY, cpu: 64 }).result).toBe(OUT_OF_RANGE);
      }),
      { numRuns: 30 },
    );
  });

  it('leaves a node without workers to the hash', () => {
    const nodes = [
      { cpus: [0, 1], slots: [0, 1] },
      { cpus: [2, 3], slots: [] },
    ];
    const program = generate({ name: 'numa', nodes, spread: 'rand' });
    expect(simulate(program, { cpu: 2 }).result).toBe(OUT_OF_RANGE);
    expect(simulate(program, { cpu: 1, rand: 5 }).result).toBe(1);
  });

  it('fits two interleaved nodes of 512 CPUs', () => {
    const every = (offset: number) => Array.from({ length: 256 }, (_, index) => 2 * index + offset);
    const nodes = [0, 1].map((node) => ({ cpus: every(node), slots: every(node) }));
    const program = generate({ name: 'numa', nodes, spread: 'rand' });
    expect(program.length).toBeLessThan(1_100);
    const run = compile(program);
    for (const cpu of [0, 1, 254, 255, 256, 510, 511])
      expect(run({ ...EMPTY, cpu, rand: 256 * cpu + 77 }).result).toBe(154 + (cpu % 2));
  });

  it('refuses parameters that make no sense', () => {
    const numa = (...nodes: { cpus: number[]; slots: number[] }[]) =>
      generate({ name: 'numa', nodes, spread: 'rand' });
    expect(() => numa()).toThrow('no node has a CPU and a worker');
    expect(() => numa({ cpus: [1], slots: [0] }, { cpus: [1], slots: [1] })).toThrow('CPU 1 is in two nodes');
    expect(() => numa({ cpus: [1], slots: [2, 1] })).toThrow('ascending');
    expect(() => numa({ cpus: [8192], slots: [2] })).toThrow(RangeError);
  });
});

describe('weighted', () => {
  it('gives every slot its share, exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }), (weights) => {
        const sum = weights.reduce((total, one) => total + one, 0);
        fc.pre(sum > 0);
        const run = compile(generate({ name: 'weighted', weights, spread: 'rand' }));
        const counts = new Array<number>(weights.length).fill(0);
        for (let rand = 0; rand < sum; rand++) {
          const { result } = run({ ...EMPTY, rand: rand + 7 * sum });
          counts[result] = (counts[result] ?? 0) + 1;
        }
        expect(counts).toEqual(weights);
      }),
    );
  });

  it('also distributes flows by shares, and always gives a flow the same slot', () => {
    const weights = [5, 1, 0, 2];
    const program = generate({ name: 'weighted', weights, spread: 'flow' });
    const counts = tally(program, 4);
    expect(counts[2]).toBe(0);
    expect(
      unevenness(
        [0, 1, 3].map((slot) => counts[slot] ?? 0),
        [5, 1, 2],
      ),
    ).toBeLessThan(7);
    const slots = new Set(
      [1, 2, 3].map((rand) => simulate(program, { ...from([7], 9), rand, cpu: rand }).result),
    );
    expect(slots.size).toBe(1);
  });

  it('refuses parameters that make no sense', () => {
    const weighted = (...weights: number[]) => generate({ name: 'weighted', weights, spread: 'rand' });
    expect(() => weighted()).toThrow('no slot has a weight');
    expect(() => weighted(0, 0)).toThrow('no slot has a weight');
    expect(() => weighted(1.5)).toThrow('weight 1.5 is not');
    expect(() => weighted(65_536, 1)).toThrow('65537 in all');
  });
});

describe('drain', () => {
  const anyDrain = fc.integer({ min: 2, max: 60 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      drained: fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: size - 1 }).map(sorted),
      by: fc.constantFrom('cpu', 'rand', 'flow'),
    }),
  );

  it('never chooses a drained slot, and does not change the others', () => {
    fc.assert(
      fc.property(anyDrain, fc.nat(), fc.nat(), fc.nat(65_535), (drain, number, address, port) => {
        const packet = { ...from([address], port), cpu: number % 8192, rand: number };
        const { result } = simulate(generate({ name: 'drain', ...drain }), packet);
        expect(drain.drained).not.toContain(result);
        expect(result).toBeLessThan(drain.size);
        const had = drain.by === 'cpu' ? packet.cpu % drain.size : number % drain.size;
        if (drain.by !== 'flow' && !drain.drained.includes(had)) expect(result).toBe(had);
      }),
    );
  });

  it.each(['cpu', 'rand', 'flow'] as const)(
    'spreads by %s what a drained slot had evenly over the others',
    (by) => {
      const size = 8;
      const drained = [2, 5];
      const run = compile(generate({ name: 'drain', size, drained, by }));
      const whole = compile(generate({ name: 'weighted', weights: new Array(size).fill(1), spread: 'flow' }));
      const inherited = new Array<number>(size).fill(0);
      for (let index = 0; index < 40_000; index++) {
        let drawn = 0;
        // The first draw is one of a drained slot, the second is free.
        const rand = () => (drawn++ === 0 ? 8 * index + 2 : (index * 0x9e3779b1) >>> 0);
        const packet = { ...from([0x0a000000 + (index >> 4)], 32768 + index), cpu: 5, rand };
        const { result } = run(packet);
        const had = by === 'flow' ? whole(packet).result : 2;
        if (drained.includes(had)) inherited[result] = (inherited[result] ?? 0) + 1;
        else expect(result).toBe(had);
      }
      expect(drained.map((slot) => inherited[slot])).toEqual([0, 0]);
      expect(unevenness(inherited.filter((_, slot) => !drained.includes(slot)))).toBeLessThan(5);
    },
  );

  it('refuses to drain no slot, all slots, or a missing one', () => {
    const drain = (size: number, ...drained: number[]) =>
      generate({ name: 'drain', size, drained, by: 'rand' });
    expect(() => drain(4)).toThrow('1 to 250 slots can be drained, not 0');
    expect(() => drain(2, 0, 1)).toThrow('all 2 slots are drained');
    expect(() => drain(4, 4)).toThrow('slot 4 is not in a group of 4');
  });
});

describe('a spread by flow', () => {
  it.each(Object.entries(SOURCES))('is even over %s', (_, source) => {
    for (const size of [2, 3, 64]) {
      const run = compile(generate({ name: 'weighted', weights: new Array(size).fill(1), spread: 'flow' }));
      const counts = new Array<number>(size).fill(0);
      for (let index = 0; index < 40_000; index++) {
        const slot = run(from(source(index >> 3), 32_768 + (index % 28_000))).result;
        counts[slot] = (counts[slot] ?? 0) + 1;
      }
      expect(unevenness(counts)).toBeLessThan(1 + 14 / Math.sqrt(2 * (size - 1)));
    }
  });

  it('finds the port behind IPv4 options', () => {
    const program = generate({ name: 'weighted', weights: new Array(64).fill(1), spread: 'flow' });
    const plain = from([7], 4242);
    const network = new Uint8Array([...(plain.network?.slice(0, 20) ?? []), 1, 1, 1, 1, 0x10, 0x92, 0, 0]);
    network[0] = 0x46;
    expect(simulate(program, { ...plain, network }).result).toBe(simulate(program, plain).result);
  });
});
