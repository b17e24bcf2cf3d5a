import { describe, expect, it } from 'vitest';
import { applied } from '../../src/tune/applied.ts';
import type { Journal } from '../../src/tune/journal.ts';
import type { Change } from '../../src/tune/types.ts';
import { adopt, follow, fromHost, fromRecords, fromSavedPlan } from '../../src/watch/baseline.ts';
import { observe, settled } from '../../src/watch/observe.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';

const machine = host({
  cpus: 4,
  nics: [nic({ queues: 4, xps: true }), nic({ name: 'eth1', queues: 2, firstIrq: 60 })],
  groups: [
    group({ workers: pinned(0, 1, 2, 3), program: 'cpu' }),
    group({ protocol: 'udp', port: 53, workers: pinned(0, 1) }),
  ],
});

const states = (...from: Parameters<typeof observe>) =>
  new Map([...observe(...from).settings.values()].map(({ subject, state }) => [subject, state]));

describe('a baseline of the machine', () => {
  const baseline = fromHost(machine, { ifaces: ['eth0'], ports: [8080] }, 'now');

  it('holds every setting of its interfaces and ports, by names that last', () => {
    const subjects = baseline.settings.map(({ subject }) => subject);
    expect(subjects).toEqual(
      expect.arrayContaining([
        'eth0 combined channels',
        'eth0 RSS table',
        'eth0 udp4 hash fields',
        'eth0 rx-3 interrupt',
        'eth0 tx-3 xps_cpus',
        'eth0 tx-3 xps_rxqs',
        'eth0 rx-3 rps_cpus',
        'eth0 rx-3 rps_flow_cnt',
        'tcp 0.0.0.0:8080 slot 3 worker',
        'tcp 0.0.0.0:8080',
      ]),
    );
    expect(subjects.filter((each) => each.includes('eth1') || each.includes(':53'))).toEqual([]);
    expect(new Set(subjects).size).toBe(subjects.length);
    expect(baseline.sizes).toEqual(new Map([['tcp 0.0.0.0:8080', 4]]));
  });

  it('is as set on that machine', () => {
    expect(new Set(states(machine, baseline).values())).toEqual(new Set(['as-set']));
  });

  it('reports a key, contexts and rules that changed', () => {
    const [first, ...others] = machine.nics;
    if (first?.rss === undefined || first.rss === null) throw new Error('no RSS');
    const changed = { ...first, rss: { ...first.rss, ntupleRules: 2 } };
    const seen = observe({ ...machine, nics: [changed, ...others] }, baseline);
    expect(seen.settings.get('eth0 ntuple rules')).toMatchObject({ state: 'drifted', wanted: '0', is: '2' });
  });

  it('tells what is not there from what cannot be read', () => {
    const [, second] = machine.nics;
    const without = states({ ...machine, nics: second === undefined ? [] : [second] }, baseline);
    expect(without.get('eth0 tx-3 xps_cpus')).toBe('gone');
    const [tcp] = machine.groups;
    const unread = tcp === undefined ? [] : [{ ...tcp, selection: null, program: null }];
    expect(states({ ...machine, groups: unread }, baseline).get('tcp 0.0.0.0:8080')).toBe('unknown');
  });

  it('plans on the machine as it will be once its interrupts have moved', () => {
    const [first, ...others] = machine.nics;
    if (first === undefined) throw new Error('no NIC');
    const irqs = first.irqs.map((irq) => (irq.irq === 34 ? { ...irq, effective: [0] } : irq));
    const rxQueues = first.rxQueues.map((queue) => (queue.irq === 34 ? { ...queue, cpus: [0] } : queue));
    const pending = { ...machine, nics: [{ ...first, irqs, rxQueues }, ...others] };
    expect(settled(pending).nics[0]?.rxQueues.map(({ cpus }) => cpus)).toEqual([[0], [1], [2], [3]]);
    expect(settled(machine)).toEqual(machine);
  });

  it('sees an interrupt that goes elsewhere than its affinity says as pending', () => {
    const [first] = machine.nics;
    if (first === undefined) throw new Error('no NIC');
    const irqs = first.irqs.map((irq) => (irq.irq === 34 ? { ...irq, effective: [0] } : irq));
    expect(states({ ...machine, nics: [{ ...first, irqs }] }, baseline).get('eth0 rx-2 interrupt')).toBe(
      'pending',
    );
  });
});

const irqChange = (to: string): Change => ({
  kind: 'irq',
  subject: 'irq 34 (eth0-TxRx-2)',
  target: { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [2], irq: 34, name: 'eth0-TxRx-2' },
  from: '2',
  to,
  why: '',
  command: '',
});

const journalOf = (to: string, change: Change = irqChange(to)): Journal => ({
  header: {
    record: 'journal',
    version: 1,
    time: '2026-01-01T00:00:00.000Z',
    bootId: 'b',
    netns: 1,
    netnsCookie: null,
    by: null,
  },
  steps: [{ step: 0, change, device: null, from: '2', to, also: [], outcome: 'done', is: to }],
  persisted: [],
  ended: true,
});

const pinChange = (slot: number, pid: number): Change => ({
  kind: 'pin',
  subject: `nginx ${pid}`,
  target: {
    kind: 'pin',
    pid,
    tid: pid,
    comm: 'nginx',
    startTime: '1',
    serves: { group: 'tcp 0.0.0.0:8080', slot },
  },
  from: '0-3',
  to: `${slot}`,
  why: '',
  command: '',
});

describe('interrupts that irqbalance leaves alone', () => {
  const banned = (irqs: readonly number[], running = true) => ({
    ...machine,
    machine: { ...machine.machine, irqbalance: { running, bannedIrqs: irqs } },
  });
  const baseline = fromHost(banned([32, 33, 34, 35]), { ifaces: [], ports: [1] }, 'now');
  const BANS = 'irqbalance bans of eth0';

  it('are watched, under the numbers that they have now', () => {
    expect(baseline.settings.filter(({ kind }) => kind === 'irqbalance')).toMatchObject([{ subject: BANS }]);
    expect(states(banned([32, 33, 34, 35, 60]), baseline).get(BANS)).toBe('as-set');
    expect(states(banned([32]), baseline).get(BANS)).toBe('drifted');
    const renumbered = { ...banned([90, 91, 92, 93]), nics: [nic({ queues: 4, firstIrq: 90 })] };
    expect(states(renumbered, baseline).get(BANS)).toBe('as-set');
  });

  it('are safe while it does not run', () => {
    expect(states(banned([], false), baseline).get(BANS)).toBe('as-set');
  });

  it('are no part of a baseline without any', () => {
    const none = fromHost(banned([60]), { ifaces: [], ports: [1] }, 'now');
    expect(none.settings.filter(({ kind }) => kind === 'irqbalance')).toEqual([]);
  });
});

describe('a baseline of journals and attachments', () => {
  it('knows the pin of a worker that has ended by the slot that it served', () => {
    const baseline = fromRecords([journalOf('3', pinChange(3, 77_777))], [], machine, 'applied');
    expect(baseline.settings.map(({ subject, wanted }) => [subject, wanted])).toEqual([
      ['tcp 0.0.0.0:8080 slot 3 worker', '3'],
    ]);
    expect(states(machine, baseline).get('tcp 0.0.0.0:8080 slot 3 worker')).toBe('as-set');
    const free = group({ workers: [0, 1, 2].map((cpu) => ({ cpu })).concat([{ cpu: 1 }]) });
    expect(states({ ...machine, groups: [free] }, baseline).get('tcp 0.0.0.0:8080 slot 3 worker')).toBe(
      'drifted',
    );
    // A group of three has no fourth worker.
    const small = group({ workers: pinned(0, 1, 2) });
    expect(states({ ...machine, groups: [small] }, baseline).has('tcp 0.0.0.0:8080 slot 3 worker')).toBe(
      false,
    );
  });

  it('that others have changed keeps the facts and sizes that were watched, and gets those of new parts', () => {
    const before = fromRecords([journalOf('3')], [], machine, 'applied');
    const changed = {
      ...machine,
      nics: machine.nics.map((each) =>
        each.rss === null ? each : { ...each, rss: { ...each.rss, ntupleRules: 2 } },
      ),
    };
    const target = { kind: 'xps', nic: 'eth1', queue: 0, by: 'cpus' } as const;
    const more: Change = { ...irqChange('1'), kind: 'xps', target };
    const after = follow(before, fromRecords([journalOf('1', more), journalOf('3')], [], changed, 'applied'));
    const rules = after.facts.filter(({ subject }) => subject.endsWith('ntuple rules'));
    expect(rules.map(({ owner, value }) => [owner, value])).toEqual([
      ['eth0', '0'],
      ['eth1', '2'],
    ]);
  });

  it('takes the size of a group from the program that was made for it', () => {
    const [tcp] = machine.groups;
    const instructions = tcp?.program?.instructions ?? [];
    const target = { kind: 'program', group: 'tcp 0.0.0.0:8080', name: 'cpu', instructions } as const;
    const journal = journalOf('', { ...irqChange(''), kind: 'program', subject: target.group, target });
    const grown = group({ workers: pinned(0, 1, 2, 3, 0, 1), program: 'cpu' });
    const baseline = fromRecords([journal], [], { ...machine, groups: [grown] }, 'applied');
    expect(baseline.sizes).toEqual(new Map([['tcp 0.0.0.0:8080', 4]]));
  });

  it('has the newest value of each setting, whatever the number of its interrupt is now', () => {
    const baseline = fromRecords([journalOf('3'), journalOf('1')], [], machine, 'applied');
    expect(baseline.settings.map(({ subject, wanted }) => [subject, wanted])).toEqual([
      ['eth0 rx-2 interrupt', '3'],
    ]);
    const moved = { ...machine, nics: [nic({ queues: 4, xps: true, firstIrq: 90, irqCpus: [0, 1, 3, 3] })] };
    expect(states(moved, baseline).get('eth0 rx-2 interrupt')).toBe('as-set');
  });

  it('knows for how many sockets a program was attached', () => {
    const [tcp] = machine.groups;
    const attachment = {
      record: 'attachment' as const,
      version: 1 as const,
      time: '',
      bootId: 'b',
      netns: 1,
      netnsCookie: null,
      group: 'tcp 0.0.0.0:8080',
      instructions: tcp?.program?.instructions ?? [],
      size: 3,
      cpusOfSlot: [],
      by: null,
    };
    const baseline = fromRecords([], [attachment], machine, 'applied');
    expect(baseline.sizes).toEqual(new Map([['tcp 0.0.0.0:8080', 3]]));
    expect(baseline.settings.map(({ kind }) => kind)).toEqual(['program']);
  });
});

it('a saved plan is a baseline', () => {
  const { from: _, ...change } = irqChange('2');
  const baseline = fromSavedPlan(
    { schema: 'locality-tune.saved/1', changes: [change] },
    machine,
    'plan.json',
  );
  expect(states(machine, baseline)).toEqual(new Map([['eth0 rx-2 interrupt', 'as-set'], ...factsAsSet()]));
});

const factsAsSet = () =>
  ['eth0 RSS hash function', 'eth0 RSS contexts', 'eth0 ntuple rules', 'rps_sock_flow_entries']
    .filter((subject) =>
      states(machine, fromHost(machine, { ifaces: ['eth0'], ports: [1] }, '')).has(subject),
    )
    .map((subject) => [subject, 'as-set'] as const);

it('a program that was made for other workers is wanted from then on', () => {
  const baseline = fromHost(machine, { ifaces: ['eth0'], ports: [8080] }, 'now');
  const target = { kind: 'program' as const, group: 'tcp 0.0.0.0:8080', name: null, instructions: [] };
  const change: Change = {
    kind: 'program',
    subject: 'tcp 0.0.0.0:8080',
    target: { ...target, instructions: machine.groups[0]?.program?.instructions ?? [] },
    from: null,
    to: 'ld cpu\nret a',
    why: '',
    command: '',
  };
  const grown = applied(machine, { changes: [] });
  const adopted = adopt(baseline, grown, change);
  expect(adopted.settings.find(({ subject }) => subject === 'tcp 0.0.0.0:8080')?.wanted).toBe(
    'ld cpu\nret a',
  );
  expect(adopted.settings).toHaveLength(baseline.settings.length);
});
