/** What an apply has set and somebody else has moved: put back, though it may be as good where it is. */
import { expect, it } from 'vitest';
import type { Host } from '../../../src/host/types.ts';
import type { Journal } from '../../../src/tune/journal.ts';
import { planTuning } from '../../../src/tune/plan.ts';
import type { PlanOptions } from '../../../src/tune/types.ts';
import { group, host, nic, pinned } from '../../fixtures/hosts.ts';
import { DEFAULTS, viewOf } from './defaults.ts';

const OPTIONS: PlanOptions = { ...DEFAULTS, ifaces: ['eth0'], ports: [8080] };

/** Queue i of four on the i-th CPU, with the XPS of queue i on CPU i. */
const machine = (irqCpus: readonly number[], cpus: number | number[] = 4): Host =>
  host({
    cpus,
    nics: [nic({ queues: 4, xps: true, irqCpus: [...irqCpus] })],
    groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
  });

/** As an apply leaves it that had to move all four from CPU 0. */
function journalOf(placed: Host): Journal {
  const bad = machine([0, 0, 0, 0]);
  const { changes } = planTuning(viewOf(bad), { ...OPTIONS, only: ['irq'] });
  const cpuOf = (irq: number) => placed.nics[0]?.irqs.find((each) => each.irq === irq)?.affinity?.[0];
  const steps = changes.flatMap((change, step) => {
    const to = `${change.target.kind === 'irq' ? cpuOf(change.target.irq) : ''}`;
    return [{ step, change, device: null, from: '0', to, is: to, also: [], outcome: 'done' as const }];
  });
  const header = {
    record: 'journal',
    version: 1,
    time: '',
    bootId: '',
    netns: 1,
    netnsCookie: null,
    by: null,
  } as const;
  return { header, steps, persisted: [], ended: true };
}

const planned = (now: Host, journals: readonly Journal[], options = OPTIONS) =>
  planTuning(viewOf(now), options, journals).changes.map(
    ({ kind, subject, from, to }) => `${kind} ${subject}: ${from} -> ${to}`,
  );

const JOURNAL = journalOf(machine([0, 1, 2, 3]));

it('is restored, though a worker is served there, too', () => {
  const swapped = machine([0, 2, 1, 3]);
  expect(planned(machine([0, 1, 2, 3]), [JOURNAL])).toEqual([]);
  expect(planned(swapped, [JOURNAL])).toEqual([
    'irq irq 33 (eth0-TxRx-1): 2 -> 1',
    'irq irq 34 (eth0-TxRx-2): 1 -> 2',
    'xps eth0 tx-1 xps_cpus: 4 -> 2',
    'xps eth0 tx-2 xps_cpus: 2 -> 4',
  ]);
  expect(planned(swapped, [JOURNAL], { ...OPTIONS, only: ['xps'] })).not.toContain('irq');
});

it('is left to the newest setting, and to the plan', () => {
  const newer = journalOf(machine([0, 2, 1, 3]));
  expect(planned(machine([0, 2, 1, 3]), [newer, JOURNAL], { ...OPTIONS, only: ['irq'] })).toEqual([]);
  // No worker is on CPU 4: back to its CPU means to another one than was set.
  const other = journalOf(machine([0, 1, 2, 4], 5));
  expect(planned(machine([0, 1, 2, 2], 5), [other], { ...OPTIONS, only: ['irq'] })).toEqual([
    'irq irq 35 (eth0-TxRx-3): 2 -> 3',
  ]);
});

it('does not go to a CPU that is offline', () => {
  const [first = ''] = planned(machine([0, 1, 2, 2], [0, 1, 2]), [JOURNAL], { ...OPTIONS, only: ['irq'] });
  expect(first).not.toContain('-> 3');
});
