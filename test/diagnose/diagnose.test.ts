import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import type { Cpus } from '../../src/host/cpus.ts';
import type { Group, Host, Nic } from '../../src/host/types.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { findings } from './view.ts';

const FOUR_TUPLES = { tcp4: 'sdfn', udp4: 'sdfn', tcp6: 'sdfn', udp6: 'sdfn' };

/** One queue, one worker, one CPU; a table that divides; bans, XPS and programs in place. */
function wellTuned(cpus: number, nics: number, ports: number, irqbalance: boolean): Host {
  const made = range(nics).map((n) => tuned(`eth${n}`, cpus, 1000 * (n + 1)));
  const bannedIrqs = made.flatMap(({ irqs }) => irqs.map(({ irq }) => irq));
  const workers = pinned(...range(cpus));
  return host({
    cpus,
    nics: made,
    irqbalance: { running: irqbalance, bannedIrqs },
    groups: range(ports).flatMap((n) => [
      group({ port: 8000 + n, workers, program: 'cpu' }),
      group({
        port: 8000 + n,
        address: '::',
        workers,
        program: new Map(range(cpus).map((cpu) => [cpu, cpu])),
      }),
      group({ port: 8000 + n, protocol: 'udp', workers, program: 'cpu' }),
    ]),
  });
}

function tuned(name: string, queues: number, firstIrq: number): Nic {
  const made = nic({
    name,
    queues,
    firstIrq,
    xps: true,
    rss: range(queues * 4).map((entry) => entry % queues),
  });
  return { ...made, rss: made.rss && { ...made.rss, fields: FOUR_TUPLES } };
}

describe('diagnose', () => {
  it('has nothing to say about a machine that is set up well, of any size', () => {
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 512 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(2),
      fc.boolean(),
    );
    fc.assert(
      fc.property(sizes, (size) => {
        expect(findings(wellTuned(...size))).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('says nothing, and does not fail, where nothing is known', () => {
    expect(findings(host({ cpus: [] }))).toEqual([]);
  });

  it('puts errors first and notes last, then sorts by subject, eth9 before eth10', () => {
    const nics = ['eth10', 'eth9'].map((name, n) =>
      nic({ name, queues: 2, rps: [n + 4], xps: true, firstIrq: 40 + 2 * n }),
    );
    const broken = nic({ name: 'eth11', queues: 2, xps: true, rss: [0, 1, 2, 3] });
    const order = (...groups: Group[]) =>
      findings(host({ nics: [...nics, broken], groups }))
        .filter(({ rule }) => rule.startsWith('r'))
        .map(({ severity, subject }) => `${severity} ${subject}`);
    expect(order()).toEqual(['error eth11', 'info eth9', 'info eth10']);
    expect(order(group({ workers: pinned(0, 1) }))).toEqual(['error eth11', 'warning eth9', 'warning eth10']);
  });

  it('keeps a large machine short: one finding for each rule and NIC or group', () => {
    const nics = range(8).map((n) =>
      nic({ name: `eth${n}`, queues: 128, firstIrq: 200 * n, irqCpus: Array(128).fill(n) }),
    );
    const groups = range(50).map((n) => group({ port: 8000 + n, workers: pinned(...range(512)) }));
    const all = findings(host({ cpus: 512, nics, groups }));
    const keys = all.map(({ rule, subject }) => `${rule} ${subject}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(all.length).toBeLessThan(8 * 3 + 3);
    for (const finding of all) {
      expect(finding.fix.length).toBeLessThanOrEqual(16);
      expect(finding.message.length).toBeLessThan(400);
    }
  });

  it('never fails, and always gives the same form', () => {
    fc.assert(
      fc.property(hosts(), (machine) => {
        for (const { rule, subject, message, fix } of findings(machine)) {
          expect(rule).toMatch(/^[a-z]+(-[a-z]+)*$/);
          expect(subject).not.toBe('');
          for (const text of [subject, message, ...fix])
            expect(text).not.toMatch(/undefined|null|NaN|Infinity|object/);
          expect(message).toMatch(/[.)]$/);
          for (const command of fix)
            expect(command).toMatch(/^(echo|ethtool|taskset|locality-tune|for|systemctl) |^f=/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/**
 * Machines that make no sense included: a captured tree may be torn, and a group may change while it is read.
 */
function hosts(): fc.Arbitrary<Host> {
  const cpu = fc.nat(9);
  const cpus: fc.Arbitrary<Cpus> = fc
    .uniqueArray(cpu, { maxLength: 6 })
    .map((set) => set.sort((a, b) => a - b));
  const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary);
  const count = orNull(fc.nat(3000));
  const setting = orNull(fc.record({ current: fc.nat(9), max: fc.nat(9) }));
  const nics = fc
    .record({
      name: fc.constantFrom('eth0', 'eth1', 'lo', 'bond0'),
      queues: fc.nat(6),
      txQueues: fc.nat(6),
      irqCpus: fc.array(orNull(fc.oneof(cpu, cpus)), { maxLength: 6 }),
      xps: orNull(fc.oneof(fc.boolean(), fc.array(cpus, { maxLength: 6 }))),
      rps: orNull(cpus),
      rfsFlows: count,
      threadedNapi: orNull(fc.boolean()),
      rss: orNull(fc.array(fc.nat(8), { maxLength: 20 })),
      ntupleRules: count,
      contexts: orNull(fc.array(fc.nat(3), { maxLength: 2 })),
      firstIrq: fc.nat(50),
      more: fc.record({
        channels: orNull(fc.record({ rx: setting, tx: setting, combined: setting, other: setting })),
        numaNode: orNull(fc.integer({ min: -1, max: 2 })),
        state: fc.constantFrom('up', 'down', null),
        lowerDevices: fc.constantFrom([], [], ['eth0']),
      }),
    })
    .map(nic);
  const workers = fc.array(
    fc.record({
      cpus: orNull(cpus),
      slot: orNull(fc.nat(5)),
      incomingCpu: orNull(cpu),
      more: fc.record({
        owners: fc.array(
          fc
            .record({
              cpus: orNull(cpus),
              tid: orNull(fc.nat(9)),
              pid: fc.nat(9),
              via: fc.constantFrom('epoll', 'fd'),
            })
            .map(({ cpus, ...more }) => owner(cpus, more as Parameters<typeof owner>[1])),
          { maxLength: 2 },
        ),
        holders: fc.array(fc.record({ pid: fc.nat(9), fd: fc.nat(9) }), { maxLength: 2 }),
        recvQueue: count,
        drops: count,
        packets: count,
        cpus,
      }),
    }),
    { maxLength: 6 },
  );
  const u8 = fc.nat(255);
  const instruction: fc.Arbitrary<Instruction> = fc.tuple(
    fc.constantFrom(0x20, 0x94, 0x16, 0x06, 0x15, 0x35),
    u8,
    u8,
    fc.nat(),
  );
  const program = fc.oneof(
    fc.constantFrom('cpu' as const, 'rand' as const, 'hash' as const),
    fc.array(fc.tuple(cpu, fc.nat(7))).map((pairs) => new Map(pairs)),
    fc.array(instruction, { maxLength: 5 }),
    fc.constant([
      [0x20, 0, 0, 0xfffff038],
      [0x94, 0, 0, 0xffffffff],
      [0x16, 0, 0, 0],
    ] satisfies Instruction[]),
  );
  const groups = fc
    .record(
      {
        protocol: fc.constantFrom('tcp' as const, 'udp' as const),
        address: fc.constantFrom('0.0.0.0', '::', '127.0.0.1', '10.0.0.1'),
        port: fc.constantFrom(443, 8080),
        workers,
        slotSource: fc.constantFrom('kernel' as const, 'guess' as const, null),
        program,
        more: fc.record({ incomingCpuHonoured: orNull(fc.boolean()) }),
      },
      { requiredKeys: ['workers'] },
    )
    .filter(({ workers, program }) => workers.length > 0 || typeof program !== 'string')
    .map(group);
  const lone = fc.record({
    id: fc.constantFrom('tcp *:80', 'udp *:53'),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    address: fc.constant('0.0.0.0'),
    port: fc.constantFrom(80, 53),
    device: fc.constant(null),
    inode: fc.nat(),
    owners: fc.array(
      fc.nat(5).map((pid) => owner(null, { pid })),
      { maxLength: 3 },
    ),
    processes: fc.nat(4),
    recvQueue: orNull(fc.nat(1e6)),
    drops: orNull(fc.nat(1e9)),
  });
  return fc
    .record({
      cpus,
      nics: fc.array(nics, { maxLength: 3 }),
      groups: fc.array(groups, { maxLength: 3 }),
      numa: fc.array(cpus, { maxLength: 3 }),
      irqbalance: fc.record({ running: orNull(fc.boolean()), bannedIrqs: orNull(fc.array(fc.nat(50))) }),
      rpsSockFlowEntries: count,
      more: fc.record({ lone: fc.array(lone, { maxLength: 2 }) }),
    })
    .map(host);
}
