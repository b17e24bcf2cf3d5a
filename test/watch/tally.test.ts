import { expect, it } from 'vitest';
import { ALL_KINDS } from '../../src/tune/types.ts';
import { CULPRITS, culpritOf, RESULTS, STATES } from '../../src/watch/tally.ts';
import type { Writer } from '../../src/watch/writer.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';
import { SimulatedMachine } from './simulated-machine.ts';

const IRQ = { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [2], irq: 34, name: 'eth0-TxRx-2' } as const;
const SERVICE: Writer = {
  pid: 4711,
  comm: 'tuned',
  script: null,
  unit: 'tuned.service',
  container: null,
  parent: 1,
};

const open = () =>
  new SimulatedMachine(
    host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
    }),
  );

const above = <T extends { readonly count: number }>(counts: readonly T[]) =>
  counts.filter(({ count }) => count > 0);

it('counts every kind with every label, zeros too', async () => {
  const machine = open();
  await machine.pass(1);
  const { drift, repairs, settings, looks, slotReads } = machine.watcher.counters();
  expect(drift).toHaveLength(ALL_KINDS.length * CULPRITS.length);
  expect(repairs).toHaveLength(ALL_KINDS.length * RESULTS.length);
  expect([...above(drift), ...above(repairs)]).toEqual([]);
  expect(settings.filter(({ kind }) => kind === 'irq')).toEqual(
    STATES.map((state) => ({ kind: 'irq', device: 'eth0', state, count: state === 'as-set' ? 4 : 0 })),
  );
  expect(settings.find(({ kind, state }) => kind === 'pin' && state === 'as-set')).toMatchObject({
    device: null,
    count: 4,
  });
  expect([looks, slotReads]).toEqual([1, 0]);
});

it('counts drift by who caused it, and repairs by how they ended', async () => {
  const machine = open();
  await machine.pass(1);
  machine.change({ target: IRQ, to: '0' }, SERVICE, '/proc/irq/34/smp_affinity');
  await machine.pass(60);
  machine.watcher.hear({
    about: 'interface',
    name: 'eth0',
    what: 'its link came up',
    changes: 'link',
    own: [],
  });
  machine.change({ target: IRQ, to: '0-3' }, null, null);
  await machine.pass(60);
  machine.change({ target: IRQ, to: '1' }, null, null);
  await machine.pass(60);
  const { drift, repairs } = machine.watcher.counters();
  expect(above(drift)).toEqual([
    { kind: 'irq', culprit: 'unit', count: 1 },
    { kind: 'irq', culprit: 'interface', count: 1 },
    { kind: 'irq', culprit: 'unknown', count: 1 },
  ]);
  expect(above(repairs)).toEqual([{ kind: 'irq', result: 'repaired', count: 3 }]);
});

it('tells a container from a unit, and both from a process that nobody manages', () => {
  const container = { runtime: 'docker', id: 'abc', pod: null, name: null, podName: null } as const;
  expect(culpritOf({ ...SERVICE, container }, true, null)).toBe('container');
  expect(culpritOf(SERVICE, true, 'interface')).toBe('unit');
  expect(culpritOf({ ...SERVICE, unit: null }, true, null)).toBe('process');
  expect(culpritOf(null, true, null)).toBe('process');
  expect(culpritOf(null, false, 'server')).toBe('server');
  expect(culpritOf(null, false, null)).toBe('unknown');
});
