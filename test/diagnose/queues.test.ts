import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import { planTuning } from '../../src/tune/plan.ts';
import { group, host, type NicFacts, nic, pinned, range } from '../fixtures/hosts.ts';
import { DEFAULTS } from '../tune/plan/defaults.ts';
import { found, viewOf } from './view.ts';

const channels = (current: number, max: number) => ({
  channels: { rx: null, tx: null, combined: { current, max }, other: null },
});

/** So that the NIC is not quiet. */
const BEHIND = [group({ workers: pinned(0, 1) })];

describe('single-queue', () => {
  it('proposes channels where the NIC can have more', () => {
    const nics = [nic({ queues: 1, more: channels(1, 63) })];
    const finding = found('single-queue', host({ nics, groups: BEHIND }));
    expect(finding).toMatchObject({
      severity: 'warning',
      subject: 'eth0 rx-0',
      fix: ['ethtool -L eth0 combined 8'],
    });
    expect(finding?.message).toContain('on CPU 0; 8 CPUs could');
  });

  it('leaves RPS off where an XDP program sends packets to CPUs', () => {
    const made = host({ nics: [nic({})], groups: BEHIND });
    const thread = { kind: 'cpumap' as const, pid: 7, comm: 'cpumap/3/map:7', cpu: 3, seconds: 1 };
    const spread = { ...made, machine: { ...made.machine, kernelThreads: [thread] } };
    expect(found('single-queue', made)?.fix).toHaveLength(1);
    expect(found('single-queue', spread)).toMatchObject({
      severity: 'info',
      message: expect.stringContaining('RPS would move those packets again'),
      fix: [],
    });
    const rps = (of: Host) => planTuning(viewOf(of), DEFAULTS).changes.filter(({ kind }) => kind === 'rps');
    expect(rps(made)).toHaveLength(1);
    expect(rps(spread)).toEqual([]);
  });

  it('proposes RPS over the CPUs of its NUMA node if it cannot', () => {
    const numa = [range(4), [4, 5, 6, 7]];
    const finding = found('single-queue', host({ numa, nics: [nic({ more: { numaNode: 1 } })] }));
    expect(finding?.fix).toEqual(['echo f0 > /sys/class/net/eth0/queues/rx-0/rps_cpus']);
  });

  it('only says so if RPS cannot be read', () => {
    const finding = found('single-queue', host({ nics: [nic({ rps: null })] }));
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
  });

  it.each([
    ['RPS is set', host({ nics: [nic({ rps: range(8) })] })],
    ['there is one CPU', host({ cpus: 1, nics: [nic()] })],
    ['all other CPUs are isolated', isolated([1, 2, 3])],
    ['the port is down', host({ nics: [nic({ more: { state: 'down' } })] })],
    ['it has no interrupt, as a veth', host({ nics: [nic({ irqCpus: [null], more: noIrqs(1) })] })],
  ])('is content when %s', (_, machine) => {
    expect(found('single-queue', machine)).toBeUndefined();
  });
});

describe('threaded-napi', () => {
  it('turns threads off', () => {
    const finding = found('threaded-napi', host({ nics: [nic({ threadedNapi: true })] }));
    expect(finding?.fix).toEqual(['echo 0 > /sys/class/net/eth0/threaded']);
    expect(found('threaded-napi', host({ nics: [nic({ threadedNapi: null })] }))).toBeUndefined();
  });
});

describe('threaded-napi with known threads', () => {
  const threads = (cpus: readonly (readonly number[])[]) =>
    cpus.map((of, queue) => ({
      pid: 70 + queue,
      comm: 'napi/eth0-1',
      napi: queue,
      rx: [queue],
      tx: [],
      cpus: of,
    }));
  const machine = (cpus: readonly (readonly number[])[], irqCpus: readonly number[] = [0, 1]) =>
    host({
      cpus: 4,
      nics: [
        nic({ queues: 2, irqCpus, threadedNapi: true, xps: true, more: { napiThreads: threads(cpus) } }),
      ],
    });

  it('pins those that may run anywhere to the CPU of their interrupt', () => {
    const finding = found('threaded-napi', machine([[0, 1, 2, 3], [1]]));
    expect(finding?.fix).toEqual(['taskset -cp 0 70']);
    expect(finding?.message).toMatch(
      /^NAPI runs in kernel threads, 1 of which may run on several of CPUs 0-3: /,
    );
    expect(found('threaded-napi', machine([[2], [1]]))).toBeUndefined();
  });

  it('pins them to where the interrupts go by the other commands', () => {
    expect(
      found(
        'threaded-napi',
        machine(
          [
            [0, 1, 2, 3],
            [0, 1, 2, 3],
          ],
          [0, 0],
        ),
      )?.fix,
    ).toContain('taskset -cp 0 70');
    expect(
      found(
        'threaded-napi',
        machine(
          [
            [0, 1, 2, 3],
            [0, 1, 2, 3],
          ],
          [0, 0],
        ),
      )?.fix,
    ).not.toContain('taskset -cp 0 71');
  });
});

describe('rps-undoes-rss', () => {
  it('clears rps_cpus of each queue', () => {
    const finding = found(
      'rps-undoes-rss',
      host({ nics: [nic({ queues: 2, rps: [2, 3] })], groups: BEHIND }),
    );
    expect(finding?.severity).toBe('warning');
    expect(finding?.message).toContain('rx-0, rx-1 again, to CPUs 2-3, off the CPU');
    expect(finding?.fix).toEqual([0, 1].map((n) => `echo 0 > /sys/class/net/eth0/queues/rx-${n}/rps_cpus`));
  });

  it('leaves the decision to the reader if there are more CPUs than queues', () => {
    const finding = found(
      'rps-undoes-rss',
      host({ nics: [nic({ queues: 2, rps: range(8) })], groups: BEHIND }),
    );
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
    expect(finding?.message).toContain('to CPUs 0-7. That is worth it only');
  });

  it('is a mere note with RFS', () => {
    const nics = [nic({ queues: 2, rps: range(8), rfsFlows: 2048 })];
    expect(found('rps-undoes-rss', host({ nics, rpsSockFlowEntries: 4096 }))?.severity).toBe('info');
  });

  it('allows RPS on a single queue, and to the queue’s own CPU', () => {
    const one = nic({ name: 'eth1', rps: range(8) });
    const own = nic({ name: 'eth2', queues: 2, irqCpus: [3, 3], rps: [3] });
    expect(found('rps-undoes-rss', host({ nics: [one] }))).toBeUndefined();
    expect(found('rps-undoes-rss', host({ cpus: [3], nics: [own] }))).toBeUndefined();
  });
});

describe('xps-not-on-irq-cpu', () => {
  it('sets the CPU of each queue’s IRQ', () => {
    const finding = found(
      'xps-not-on-irq-cpu',
      host({ cpus: 40, nics: [nic({ queues: 2, irqCpus: [1, 35] })] }),
    );
    expect(finding?.message).toContain('XPS is not set for tx-0, tx-1:');
    expect(finding?.fix).toEqual([
      'echo 2 > /sys/class/net/eth0/queues/tx-0/xps_cpus',
      'echo 8,00000000 > /sys/class/net/eth0/queues/tx-1/xps_cpus',
    ]);
  });

  it('finds a queue that has another CPU', () => {
    const finding = found(
      'xps-not-on-irq-cpu',
      host({ nics: [nic({ queues: 3, xps: [[0], [2], [1, 2]] })] }),
    );
    expect(finding?.message).toContain('XPS of tx-1 does not include the CPU of its IRQ');
    expect(finding?.fix).toEqual(['echo 2 > /sys/class/net/eth0/queues/tx-1/xps_cpus']);
  });

  it.each([
    [
      'the CPU is among several',
      {
        queues: 2,
        xps: [
          [0, 2],
          [1, 3],
        ],
      },
    ],
    [
      'another queue of the same CPU has it',
      { queues: 4, irqCpus: [0, 1, 0, 1], xps: [[0], [1], [], []] },
      2,
    ],
    ['xps_rxqs decides', { queues: 2, xpsRxqs: [[0], [1]] }],
    ['it cannot be read', { queues: 2, xps: null }],
    ['there is one queue', { queues: 1 }],
    ['the CPUs are not known', { queues: 2, irqCpus: [null, [0, 1]] }],
  ] as [string, NicFacts, number?][])('is content when %s', (_, facts, cpus = 8) => {
    expect(found('xps-not-on-irq-cpu', host({ cpus, nics: [nic(facts)] }))).toBeUndefined();
  });
});

describe('rss-table-incomplete', () => {
  it('finds queues that the table leaves out', () => {
    const finding = found(
      'rss-table-incomplete',
      host({ nics: [nic({ queues: 8, rss: [0, 1, 2, 3, 0, 1, 2, 3] })], groups: BEHIND }),
    );
    expect(finding).toMatchObject({ severity: 'warning', fix: ['ethtool -X eth0 equal 8'] });
    expect(finding?.message).toContain('4 of 8 RX queues: rx-4 … rx-7 get nothing');
  });

  it('calls entries for queues that are gone an error', () => {
    const finding = found('rss-table-incomplete', host({ nics: [nic({ queues: 4, rss: range(8) })] }));
    expect(finding).toMatchObject({ severity: 'error', fix: ['ethtool -X eth0 equal 4'] });
    expect(finding?.message).toContain('names rx-4 … rx-7');
  });

  it('proposes fewer queues for a table that is too short for them', () => {
    const finding = found('rss-table-incomplete', host({ nics: [nic({ queues: 8, rss: range(4) })] }));
    expect(finding?.fix).toEqual(['ethtool -L eth0 combined 4']);
    expect(finding?.message).toContain('the table has only 4 entries');
  });

  it('leaves queues alone that ntuple rules may feed', () => {
    const nics = [nic({ queues: 4, rss: [0, 1, 0, 1], ntupleRules: 2 })];
    expect(found('rss-table-incomplete', host({ nics }))).toMatchObject({ severity: 'info', fix: [] });
    expect(found('rss-overridden', host({ nics }))?.message).toContain('2 ntuple rules');
  });

  it('finds nothing for a full table, and for none', () => {
    for (const rss of [range(4), null]) {
      expect(found('rss-table-incomplete', host({ nics: [nic({ queues: 4, rss })] }))).toBeUndefined();
      expect(found('rss-overridden', host({ nics: [nic({ queues: 4, rss })] }))).toBeUndefined();
    }
  });
});

describe('rss-table-uneven', () => {
  it('names a queue count that divides the table, but takes no queue away', () => {
    const finding = found('rss-table-uneven', host({ cpus: 128, nics: [nic({ queues: 96 })] }));
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
    expect(finding?.message).toContain('50 % more than a fair share. 64 queues would divide');
  });

  it('proposes nothing for weights', () => {
    const finding = found('rss-table-uneven', host({ nics: [nic({ queues: 2, rss: [0, 0, 0, 1] })] }));
    expect(finding).toMatchObject({ severity: 'info', fix: [] });
  });

  it('finds nothing for 128 entries and up to 32 queues', () => {
    for (const queues of range(33).slice(1)) {
      expect(found('rss-table-uneven', host({ cpus: 32, nics: [nic({ queues })] }))).toBeUndefined();
    }
  });
});

describe('udp-hashed-by-address', () => {
  const udp = (address: string) => group({ protocol: 'udp', address, workers: pinned(0, 1) });

  it('hashes by ports where a UDP group is served', () => {
    const finding = found(
      'udp-hashed-by-address',
      host({ nics: [nic({ queues: 2 })], groups: [udp('0.0.0.0')] }),
    );
    expect(finding?.fix).toEqual(['ethtool -N eth0 rx-flow-hash udp4 sdfn']);
    const both = found('udp-hashed-by-address', host({ nics: [nic({ queues: 2 })], groups: [udp('::')] }));
    expect(both?.fix).toHaveLength(2);
  });

  it('finds nothing without a UDP group, with one queue, and with ports in the hash', () => {
    const tcp = group({ workers: pinned(0, 1) });
    const ports = nic({ queues: 2 });
    const fields = { tcp4: 'sdfn', udp4: 'sdfn', tcp6: 'sdfn', udp6: 'sdfn' };
    const hashed = { ...ports, rss: ports.rss && { ...ports.rss, fields } };
    for (const machine of [
      host({ nics: [nic({ queues: 2 })], groups: [tcp] }),
      host({ nics: [nic({ queues: 1 })], groups: [udp('0.0.0.0')] }),
      host({ nics: [hashed], groups: [udp('0.0.0.0')] }),
    ])
      expect(found('udp-hashed-by-address', machine)).toBeUndefined();
  });
});

function isolated(cpus: readonly number[]) {
  const machine = host({ cpus: 4, nics: [nic()] });
  const { machine: facts } = machine;
  return { ...machine, machine: { ...facts, cpus: { ...facts.cpus, isolated: cpus } } };
}

function noIrqs(queues: number) {
  const rxQueues = nic({ queues, irqCpus: range(queues).map(() => null) }).rxQueues;
  return { irqs: [], rxQueues: rxQueues.map((queue) => ({ ...queue, irq: null })) };
}
