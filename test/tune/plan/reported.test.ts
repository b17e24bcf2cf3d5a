/** What was reported of machines in public threads: the plan, and the headline above the findings. */
import { describe, expect, it } from 'vitest';
import { cpu } from '../../../src/cbpf/programs.ts';
import type { Host, Nic } from '../../../src/host/types.ts';
import { applied } from '../../../src/tune/applied.ts';
import { planTuning } from '../../../src/tune/plan.ts';
import type { PlanOptions } from '../../../src/tune/types.ts';
import { findings } from '../../diagnose/view.ts';
import { group, host, nic, owner, pinned, range } from '../../fixtures/hosts.ts';
import { DEFAULTS, viewOf } from './defaults.ts';

const planFor = (machine: Host, options: Partial<PlanOptions>) =>
  planTuning(viewOf(machine), { ...DEFAULTS, ports: [], ...options });
const commands = (machine: Host, options: Partial<PlanOptions>) =>
  planFor(machine, options).changes.flatMap(({ kind, command }) => (kind === 'fields' ? [] : [command]));

describe('ixgbe with 40 queues, of which RSS reaches 16', () => {
  const machine = host({
    cpus: 40,
    nics: [
      nic({
        queues: 40,
        xps: true,
        rss: range(128).map((entry) => entry % 16),
        more: { channels: { rx: null, tx: null, combined: { current: 40, max: 63 }, other: null } },
      }),
    ],
    groups: [group({ protocol: 'udp', port: 53, workers: pinned(...range(40)) })],
  });

  it('gets 16 channels, and no other change that promises nothing', () => {
    const options = { ports: [53], protocol: 'udp' as const };
    expect(commands(machine, options)).toEqual(['ethtool -L eth0 combined 16']);
    const after = applied(machine, planFor(machine, options));
    expect(findings(after).flatMap(({ fix }) => fix)).toEqual([]);
  });
});

describe('busy queues of two NICs on one CPU', () => {
  const counted = (made: Nic, hot: number): Nic => ({
    ...made,
    irqs: made.irqs.map((irq) => ({ ...irq, counts: [irq.queues[0] === hot ? 10_000_000 : 2_000_000] })),
  });
  const ports = (cpus: readonly number[]) => [
    counted(nic({ name: 'eth2', queues: 8, firstIrq: 53, irqCpus: [...cpus], xps: null }), 6),
    counted(nic({ name: 'eth3', queues: 8, firstIrq: 63, irqCpus: [6, 7, 0, 1, 2, 3, 4, 5], xps: null }), 0),
  ];
  const machine = host({ cpus: 8, nics: ports(range(8)) });

  it('change places with quieter ones, as the findings say', () => {
    const moves = findings(machine).find(({ rule }) => rule === 'cpu-load-uneven')?.fix ?? [];
    expect(moves).toHaveLength(2);
    expect(commands(machine, { ifaces: ['eth2', 'eth3'] }).toSorted()).toEqual(moves.toSorted());
  });

  it('do so in a plan for workers too, which stay as local', () => {
    const served = { ...machine, groups: [group({ workers: pinned(...range(8)), program: 'cpu' })] };
    const options = { ifaces: ['eth2', 'eth3'], ports: [8080] };
    const plan = planFor(served, options);
    expect(plan.changes.map(({ kind }) => kind)).toEqual(['irq', 'irq']);
    const after = viewOf(applied(served, plan));
    expect(after.expected.map(({ now }) => now)).toEqual([1, 1]);
    expect(planFor(after.host, options).changes).toEqual([]);
  });
});

it('queues do not gather on the CPUs of some workers while those of others are not known', () => {
  const machine = host({
    cpus: 4,
    nics: [nic({ queues: 4, xps: true })],
    groups: [group({ workers: [{ cpu: 1 }, { cpus: null }] })],
  });
  expect(planFor(machine, { ports: [8080] }).changes.filter(({ kind }) => kind === 'irq')).toEqual([]);
});

it('a relay of twice the sockets gets its program again, never `rand`', () => {
  const workers = range(4).map((at) => ({ cpu: at, more: { packets: at === 0 ? 5000 : 0 } }));
  const machine = host({
    cpus: 4,
    nics: [nic({ queues: 4, xps: true })],
    groups: [group({ protocol: 'udp', port: 4443, workers, program: cpu(2) })],
  });
  expect(commands(machine, { ports: [4443], protocol: 'udp' })).toEqual([
    'locality-tune attach --port 4443 --udp --yes',
  ]);
  expect(
    findings(machine)
      .flatMap(({ fix }) => fix)
      .join(),
  ).not.toContain('rand');
});

it('says why nothing of a NIC is planned whose interrupts do not say what they serve', () => {
  const made = nic({ queues: 1, more: { name: '15100000.ethernet' } });
  const machine = host({ cpus: 4, nics: [{ ...made, rxQueues: [], txQueues: [] }] });
  const { changes, refused } = planFor(machine, { ifaces: ['15100000.ethernet'] });
  expect(changes).toEqual([]);
  expect(refused.map(({ why }) => why).join()).toMatch(
    /not known which of its interrupts serves which queue/,
  );
});

it('a relay whose thread was read with two affinities gets only its program', () => {
  const workers = range(4).map((at) => {
    const pid = 100 + (at >> 1);
    return { cpu: at, more: { owners: [owner([at], { pid, tid: pid, comm: 'relay' })] } };
  });
  const machine = host({
    cpus: 4,
    nics: [nic({ queues: 4, xps: true })],
    groups: [group({ protocol: 'udp', port: 4443, workers, program: cpu(2) })],
  });
  expect(commands(machine, { ifaces: ['eth0'], ports: [4443], protocol: 'udp' })).toEqual([
    'locality-tune attach --port 4443 --udp --yes',
  ]);
});

describe('a NIC with one queue', () => {
  const oneThread = range(4).map((at) => ({
    cpu: 3,
    more: { owners: [owner([3], { pid: 4000, tid: 4000, comm: 'goflow2', fd: 7 + at })] },
  }));
  const channels = (max: number) => ({
    channels: { rx: null, tx: null, combined: { current: 1, max }, other: null },
  });

  it.each([1, 8])(
    'of %i possible ones gets no RPS and no other queue for one thread that reads everything',
    (max) => {
      const machine = host({
        nics: [nic({ queues: 1, irqCpus: [0], more: channels(max) })],
        groups: [group({ workers: oneThread })],
      });
      const move = ['echo 3 > /proc/irq/32/smp_affinity_list'];
      expect(findings(machine).map(({ rule }) => rule)).not.toContain('single-queue');
      expect(commands(machine, { ports: [8080], ifaces: ['eth0'] })).toEqual(move);
    },
  );

  it('gets RPS over the CPUs of its workers, on whatever node, in findings and plan', () => {
    const machine = host({
      numa: [range(4), [4, 5, 6, 7]],
      nics: [nic({ queues: 1 })],
      groups: [group({ workers: pinned(4, 5, 6, 7), program: 'cpu' })],
    });
    const rps = ['echo f0 > /sys/class/net/eth0/queues/rx-0/rps_cpus'];
    expect(findings(machine).flatMap(({ fix }) => fix)).toEqual(rps);
    expect(commands(machine, { ports: [8080], ifaces: ['eth0'] })).toEqual(rps);
  });

  it('gets RPS over the CPUs that the plan pins its workers to', () => {
    const machine = host({ nics: [nic({ queues: 1 })], groups: [group({ workers: pinned(0, 0, 0, 0) })] });
    expect(commands(machine, { ports: [8080], ifaces: ['eth0'] })[0]).toBe(
      'echo f > /sys/class/net/eth0/queues/rx-0/rps_cpus',
    );
  });
});

it('a group of one socket moves no queues to its CPU', () => {
  const machine = host({
    cpus: 4,
    nics: [nic({ queues: 4, irqCpus: range(4), xps: true })],
    groups: [group({ workers: pinned(2) })],
  });
  const { changes, refused } = planFor(machine, { ports: [8080], ifaces: ['eth0'] });
  expect(changes).toEqual([]);
  expect(refused.map(({ subject, why }) => `${subject}: ${why}`).join()).toMatch(
    /tcp 0.0.0.0:8080: The group has one socket/,
  );
});

it('a port that is served by the other protocol only says which option is missing', () => {
  const workers = pinned(...range(4));
  const why = (protocol: 'tcp' | 'udp') =>
    planFor(host({ groups: [group({ protocol, workers })] }), {
      ports: [8080],
      ifaces: [],
      protocol: protocol === 'tcp' ? 'udp' : 'tcp',
    }).refused.map((each) => each.why);
  expect(why('udp')).toEqual([expect.stringMatching(/but udp 0.0.0.0:8080 is one: add `--udp`/)]);
  expect(why('tcp')).toEqual([expect.stringMatching(/but tcp 0.0.0.0:8080 is one: leave out `--udp`/)]);
});

it('names the finding of a key that the plan leaves as it is', () => {
  const made = nic({ queues: 4, xps: true });
  const key = Array(40).fill('00').join(':');
  const weak = { ...made, rss: made.rss === null ? null : { ...made.rss, key } };
  const notes = (of: Nic) => planFor(host({ cpus: 4, nics: [of] }), { ifaces: ['eth0'] }).notes.join();
  expect(findings(host({ cpus: 4, nics: [weak] })).map(({ rule }) => rule)).toEqual(['rss-key-weak']);
  expect(notes(weak)).toMatch(/rss-key-weak/);
  expect(notes(made)).toBe('');
});

describe('who serves', () => {
  it('is the unit that polls a socket, although a manager holds all of them', () => {
    const workers = range(4).map((at) => {
      const [serving, manager] = [3000 + at, 1] as const;
      return {
        cpu: at,
        more: {
          owners: [owner([at], { pid: serving, tid: serving, comm: 'web', unit: `web@${at}.service` })],
          holders: [
            { pid: manager, fd: 20 + at },
            { pid: serving, fd: 3 },
          ],
        },
      };
    });
    const machine = host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ workers, program: 'cpu' })],
    });
    expect(findings(machine)).toEqual([]);
    expect(planFor(machine, { ports: [8080] })).toMatchObject({ changes: [], refused: [] });
  });

  it('is one process of which no thread is known: no thread is pinned by a guess', () => {
    const cpus = range(4);
    const workers = range(4).map((at) => ({
      cpus,
      more: { owners: [owner(cpus, { pid: 4000, tid: null, comm: 'goflow2', fd: 7 + at })] },
    }));
    const machine = host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ protocol: 'udp', port: 2055, workers })],
    });
    expect(
      findings(machine)
        .flatMap(({ fix }) => fix)
        .join(),
    ).not.toContain('taskset');
    const { changes, refused } = planFor(machine, { ports: [2055], protocol: 'udp' });
    expect(changes.filter(({ kind }) => kind === 'pin')).toEqual([]);
    expect(refused.map(({ why }) => why).join()).toContain(
      'Which thread of goflow2 4000 serves its socket is not known',
    );
  });
});
