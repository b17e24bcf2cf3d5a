import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Group, Nic } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { joinPaths } from '../../src/path/join.ts';
import { type GroupFacts, group, host, nic, pinned, range } from '../fixtures/hosts.ts';

const expected = (port: Nic, of: Group) => {
  const [first] = expectedLocality(host({ nics: [port], groups: [of] }));
  if (first === undefined) throw new Error('nothing was joined');
  return first;
};

const cpuNumber = fc.nat(12);

/** Queues with their IRQ's CPU, an RSS table over them, workers with their CPU in any order of slots. */
const machine = fc
  .tuple(
    fc.array(cpuNumber, { minLength: 1, maxLength: 8 }),
    fc.array(cpuNumber, { minLength: 1, maxLength: 10 }),
  )
  .chain(([irqCpus, workerCpus]) =>
    fc.record({
      irqCpus: fc.constant(irqCpus),
      table: fc.array(fc.nat(irqCpus.length - 1), { minLength: 1, maxLength: 64 }),
      workers: fc
        .shuffledSubarray(range(workerCpus.length), { minLength: workerCpus.length })
        .map((slots) => slots.map((slot, index) => ({ slot, cpu: workerCpus[index] ?? 0 }))),
    }),
  );

/** Share of all pairs of a table entry and a hash value whose packet meets its worker on the receiving CPU. */
function counted(
  irqCpus: readonly number[],
  table: readonly number[],
  workers: readonly { slot: number; cpu: number }[],
  slotFor: (cpu: number, hash: number) => number,
): number {
  const pairs = table.flatMap((queue) => workers.map((_, hash) => ({ cpu: irqCpus[queue] ?? -1, hash })));
  const local = pairs.filter(
    ({ cpu, hash }) => workers.find(({ slot }) => slot === slotFor(cpu, hash))?.cpu === cpu,
  );
  return local.length / pairs.length;
}

describe('expectedLocality', () => {
  it('is what counting table entries and slots gives', () => {
    fc.assert(
      fc.property(
        machine,
        fc.array(fc.tuple(cpuNumber, fc.nat(12))),
        ({ irqCpus, table, workers }, entries) => {
          const port = nic({ queues: irqCpus.length, irqCpus, rss: table });
          const map = new Map(entries);
          const mapped = expected(port, group({ workers, program: map }));
          const count = (slotFor: (cpu: number, hash: number) => number) =>
            counted(irqCpus, table, workers, slotFor);
          const inGroup = (slot: number | undefined) =>
            slot !== undefined && slot < workers.length ? slot : null;
          expect(mapped.hash).toBeCloseTo(
            count((_, hash) => hash),
            10,
          );
          expect(mapped.cpu).toBeCloseTo(
            count((cpu) => cpu % workers.length),
            10,
          );
          expect(mapped.now).toBeCloseTo(
            count((cpu, hash) => inGroup(map.get(cpu)) ?? hash),
            10,
          );
          expect(mapped.notes).toEqual([]);
        },
      ),
    );
  });

  it('is the same now as for what is set now', () => {
    fc.assert(
      fc.property(machine, ({ irqCpus, table, workers }) => {
        const port = nic({ queues: irqCpus.length, irqCpus, rss: table });
        const by = (program?: GroupFacts['program']) =>
          expected(port, group({ workers, ...(program && { program }) }));
        expect(by('cpu').now).toBe(by().cpu);
        expect(by().now).toBe(by('cpu').hash);
        expect(by('hash').now).toBe(by().hash);
        expect(by('rand').now).toBe(by().hash);
      }),
    );
  });

  it('is the weighted mean of the paths', () => {
    fc.assert(
      fc.property(machine, ({ irqCpus, table, workers }) => {
        const made = host({
          nics: [nic({ queues: irqCpus.length, irqCpus, rss: table })],
          groups: [group({ workers, program: 'cpu' })],
        });
        const shares = new Map(
          joinPaths(made).map(({ rxQueue, localShare }) => [rxQueue, localShare ?? Number.NaN]),
        );
        const mean = table.reduce((sum, queue) => sum + (shares.get(queue) ?? Number.NaN), 0) / table.length;
        expect(expectedLocality(made)[0]?.now).toBeCloseTo(mean, 10);
      }),
    );
  });

  it('reads 1/N before and 1 after on a machine of 8 that is set up well, exactly', () => {
    const workers = pinned(...range(8));
    expect(expected(nic({ queues: 8 }), group({ workers }))).toMatchObject({
      now: 0.125,
      hash: 0.125,
      cpu: 1,
    });
    const odd = expected(nic({ queues: 3 }), group({ workers: pinned(0, 1, 2) }));
    expect(odd).toMatchObject({ now: 1 / 3, cpu: 1 });
  });

  it('weights queues by their part of the table, and ignores those without packets', () => {
    const workers = pinned(0, 1);
    const port = nic({ queues: 3, irqCpus: [0, 3, null], rss: [0, 0, 0, 1] });
    expect(expected(port, group({ workers }))).toMatchObject({ cpu: 0.75, notes: [] });
  });

  it('spreads a random program evenly over the slots that it can reach', () => {
    const port = nic({ irqCpus: [0] });
    const workers = pinned(0, 1, 2, 3);
    const draw = (modulus: number) =>
      group({
        workers,
        program: [
          [0x20, 0, 0, 0xfffff038],
          [0x94, 0, 0, modulus],
          [0x16, 0, 0, 0],
        ],
      });
    expect(expected(port, draw(2)).now).toBe(0.5);
    expect(expected(port, draw(100)).now).toBe(0.25);
    expect(
      expected(port, { ...draw(2), sockets: group({ workers, slotSource: 'guess' }).sockets }).now,
    ).toBeNull();
  });
});

it('states what was assumed, and what overrides the table', () => {
  const workers = pinned(0, 1);
  const notes = (port: Nic) => expected(port, group({ workers })).notes;
  expect(notes(nic({ queues: 2, rss: null }))).toEqual([
    'the RSS table is not known, so equal shares of all queues are assumed',
  ]);
  expect(notes(nic({ queues: 1, rss: null }))).toEqual([]);
  expect(notes(nic({ queues: 2, ntupleRules: 3, contexts: [1, 2] }))).toEqual([
    '3 ntuple rules override the RSS table',
    '2 additional RSS contexts override the RSS table',
  ]);
  expect(notes(nic({ queues: 2, more: { driver: 'virtio_net' } }))).toEqual([
    expect.stringContaining('ethtool -X'),
  ]);
});
