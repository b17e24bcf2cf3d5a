import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host, Nic } from '../../src/host/types.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';
import { runFixes } from './run-fixes.ts';
import { findings, found } from './view.ts';

const TWO_NODES = [range(4), [4, 5, 6, 7]];

describe('irqs-share-cpu', () => {
  it('moves all but one to idle CPUs', () => {
    const nics = [nic({ queues: 3, irqCpus: [1, 1, 1] })];
    const groups = [group({ workers: [{ cpus: [4, 5] }, { cpus: [4, 5] }] })];
    const finding = found('irqs-share-cpu', host({ nics, groups }));
    expect(finding).toMatchObject({ severity: 'warning', subject: 'eth0' });
    expect(finding?.message).toBe(
      '1 CPU receives from several queues (CPU 1: rx-0 … rx-2), while CPUs 0,2-7 receive from none.',
    );
    expect(finding?.fix).toEqual([
      'echo 0 > /proc/irq/33/smp_affinity_list',
      'echo 2 > /proc/irq/34/smp_affinity_list',
    ]);
  });

  it('prefers a CPU with a worker, and one without another NIC’s queue', () => {
    const nics = [
      nic({ queues: 2, irqCpus: [1, 1] }),
      nic({ name: 'eth1', queues: 2, firstIrq: 50, irqCpus: [0, 2] }),
    ];
    expect(found('irqs-share-cpu', host({ cpus: 4, nics }))?.fix).toEqual([
      'echo 3 > /proc/irq/33/smp_affinity_list',
    ]);
    const groups = [group({ workers: pinned(1, 2) })];
    expect(found('irqs-share-cpu', host({ cpus: 4, nics, groups }))?.fix).toEqual([
      'echo 2 > /proc/irq/33/smp_affinity_list',
    ]);
  });

  it('stays on the NIC’s node, and only notes idle CPUs of another', () => {
    const near = nic({ queues: 2, irqCpus: [4, 4], more: { numaNode: 1 } });
    expect(found('irqs-share-cpu', host({ numa: TWO_NODES, nics: [near] }))?.fix).toEqual([
      'echo 5 > /proc/irq/33/smp_affinity_list',
    ]);
    const full = nic({ queues: 8, irqCpus: [0, 1, 2, 3, 0, 1, 2, 3] });
    const finding = found('irqs-share-cpu', host({ numa: TWO_NODES, nics: [full] }));
    expect(finding).toMatchObject({ severity: 'info' });
    expect(finding?.fix[0]).toBe('echo 4 > /proc/irq/36/smp_affinity_list');
  });

  it('moves a TX queue’s own IRQ along', () => {
    const virtio = nic({ queues: 2, irqCpus: [0, 0] });
    const txQueues = virtio.txQueues.map((queue) => ({ ...queue, irq: 60 + queue.index }));
    const tx = virtio.irqs.map((irq, index) => ({ ...irq, irq: 60 + index, role: 'tx' as const }));
    const irqs = [...virtio.irqs, ...tx];
    expect(found('irqs-share-cpu', host({ cpus: 2, nics: [{ ...virtio, irqs, txQueues }] }))?.fix).toEqual([
      'echo 1 > /proc/irq/33/smp_affinity_list',
      'echo 1 > /proc/irq/61/smp_affinity_list',
    ]);
  });

  it.each([
    ['no CPU is idle', nic({ queues: 4, irqCpus: [0, 1, 0, 1] })],
    ['one vector serves both queues', oneVector()],
    [
      'the CPUs are not known',
      nic({
        queues: 2,
        irqCpus: [
          [0, 1],
          [0, 1],
        ],
      }),
    ],
  ])('is content when %s', (_, each) => {
    expect(found('irqs-share-cpu', host({ cpus: 2, nics: [each] }))).toBeUndefined();
  });
});

it('moves crowded queues to the CPUs of pinned workers only', () => {
  const machine = (irqCpus: number[], workers: number[]) =>
    host({
      cpus: 8,
      nics: [nic({ queues: 8, irqCpus, xps: true })],
      groups: [group({ workers: pinned(...workers) })],
    });
  const targets = (each: Host) =>
    found('irqs-share-cpu', each)?.fix.map((command) => /^echo (\d+) /.exec(command)?.[1]);
  expect(targets(machine([0, 1, 2, 3, 0, 0, 0, 0], [0, 1, 2, 3]))).toEqual(['1', '2', '3']);
  expect(targets(machine([0, 0, 0, 0, 0, 0, 0, 0], [4, 5, 6, 7]))).toEqual([
    ...['4', '5', '6', '7'],
    ...['4', '5', '6', '7'],
  ]);
});

describe('irq-wrong-numa-node', () => {
  it('moves IRQs to the NIC’s node, with a word about the workers', () => {
    const nics = [nic({ queues: 2, irqCpus: [4, 5] })];
    const finding = found('irq-wrong-numa-node', host({ numa: TWO_NODES, nics }));
    expect(finding?.fix).toEqual([
      'echo 0 > /proc/irq/32/smp_affinity_list',
      'echo 1 > /proc/irq/33/smp_affinity_list',
    ]);
    expect(finding?.message).not.toContain('Workers');
    const groups = [group({ workers: pinned(4, 5) })];
    expect(found('irq-wrong-numa-node', host({ numa: TWO_NODES, nics, groups }))?.message).toContain(
      'Move the workers',
    );
  });

  it.each([
    ['its own node is full', host({ numa: TWO_NODES, nics: [nic({ queues: 8 })] })],
    [
      'the firmware names no node',
      host({ numa: TWO_NODES, nics: [nic({ irqCpus: [4], more: { numaNode: -1 } })] }),
    ],
    ['there is one node', host({ nics: [nic({ irqCpus: [4] })] })],
  ])('is content when %s', (_, machine) => {
    expect(found('irq-wrong-numa-node', machine)).toBeUndefined();
  });
});

describe('placement', () => {
  const machines = fc
    .record({
      cpus: fc.integer({ min: 1, max: 12 }),
      node: fc.integer({ min: -1, max: 1 }),
      irqCpus: fc.array(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 16 }),
    })
    .map(({ cpus, node, irqCpus }) => {
      const at = irqCpus.map((cpu) => cpu % cpus);
      const numa = [range(cpus).slice(0, cpus >> 1), range(cpus).slice(cpus >> 1)];
      return host({ cpus, numa, nics: [nic({ queues: at.length, irqCpus: at, more: { numaNode: node } })] });
    });

  it('fixes what it finds: after its commands neither rule has a finding', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const rules = ['irqs-share-cpu', 'irq-wrong-numa-node'];
        const own = findings(machine).filter(({ rule }) => rules.includes(rule));
        const after = findings(runFixes(machine, own)).filter(({ rule }) => rules.includes(rule));
        expect(after).toEqual([]);
      }),
    );
  });

  it('leaves no CPU with two vectors more than another, once anything has to move', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const own = findings(machine).filter(({ rule }) => rule.startsWith('irq'));
        const [only] = runFixes(machine, own).nics;
        const counts = machine.machine.cpus.online.map(
          (cpu) => only?.rxQueues.filter(({ cpus }) => cpus[0] === cpu).length ?? 0,
        );
        if (own.some(({ fix }) => fix.length > 0))
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('irq-affinity-not-effective', () => {
  it('writes the requested CPUs again, as far as they are online', () => {
    const finding = found('irq-affinity-not-effective', host({ nics: [delivered([3, 9], [0])] }));
    expect(finding?.subject).toBe('eth0 irq 32');
    expect(finding?.message).toContain('irq 32 is set to CPUs 3,9, runs on 0');
    expect(finding?.fix).toEqual(['echo 3 > /proc/irq/32/smp_affinity_list']);
  });

  it('writes the effective CPUs if none of the requested ones is online', () => {
    const finding = found('irq-affinity-not-effective', host({ nics: [delivered([9], [0])] }));
    expect(finding?.fix).toEqual(['echo 0 > /proc/irq/32/smp_affinity_list']);
  });

  it('accepts a subset, and unknown CPUs', () => {
    for (const [affinity, effective] of [
      [range(8), [5]],
      [null, [5]],
      [[5], null],
      [[5], []],
    ] as const) {
      expect(
        found('irq-affinity-not-effective', host({ nics: [delivered(affinity, effective)] })),
      ).toBeUndefined();
    }
  });
});

describe('irqbalance-moves-irqs', () => {
  const nics = [nic({ queues: 2 })];
  const groups = [group({ workers: pinned(0, 1) })];

  it('bans further IRQs, and keeps the present bans', () => {
    const finding = found(
      'irqbalance-moves-irqs',
      host({ nics, groups, irqbalance: { running: true, bannedIrqs: [9, 33] } }),
    );
    expect(finding).toMatchObject({ severity: 'warning', subject: 'irqbalance' });
    expect(finding?.message).toContain('irq 32 (eth0)');
    expect(finding?.fix[0]).toContain('$IRQBALANCE_ARGS --banirq=9 --banirq=32 --banirq=33');
  });

  it('says that it cannot see the bans', () => {
    const finding = found(
      'irqbalance-moves-irqs',
      host({ nics, irqbalance: { running: true, bannedIrqs: null } }),
    );
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
    expect(finding?.message).toContain('could not be read');
  });

  it('finds nothing if they are banned, if it does not run, and if that is not known', () => {
    for (const irqbalance of [
      { running: true, bannedIrqs: [32, 33] },
      { running: false, bannedIrqs: null },
      { running: null, bannedIrqs: null },
    ])
      expect(found('irqbalance-moves-irqs', host({ nics, irqbalance }))).toBeUndefined();
  });
});

function oneVector(): Nic {
  const made = nic({ queues: 2, irqCpus: [0, 0] });
  return { ...made, rxQueues: made.rxQueues.map((queue) => ({ ...queue, irq: 32 })) };
}

function delivered(affinity: readonly number[] | null, effective: readonly number[] | null): Nic {
  const made = nic();
  return { ...made, irqs: made.irqs.map((irq) => ({ ...irq, affinity, effective })) };
}

/** The machine after `echo CPU > /proc/irq/N/smp_affinity_list`. */
