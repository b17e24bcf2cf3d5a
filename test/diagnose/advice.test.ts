import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/cbpf/instruction.ts';
import { cpu } from '../../src/cbpf/programs.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { runFixes } from './run-fixes.ts';
import { findings, found } from './view.ts';

const BY_CPU = ['program-starves-slots', 'program-exceeds-group', 'program-misses-worker', 'hash-selection'];

describe('advice', () => {
  it('is to detach where four workers share two CPUs, whatever is wrong with the program', () => {
    for (const address of ['0.0.0.0', '127.0.0.1']) {
      for (const program of [cpu(2), cpu(4), cpu(8), new Map([[0, 1]])]) {
        const groups = [group({ address, workers: pinned(0, 1, 0, 1), program })];
        const machine = host({ cpus: 2, nics: [nic({ queues: 2, xps: true })], groups });
        const all = findings(machine).filter(({ rule }) => BY_CPU.includes(rule));
        for (const { fix } of all) expect(fix).toEqual(['locality-tune detach --port 8080 --yes']);
        expect(all.length).toBeGreaterThan(0);
      }
    }
  });

  it('on loopback names no NIC', () => {
    const groups = [group({ address: '127.0.0.1', workers: pinned(0, 1, 0, 1), program: cpu(4) })];
    const machine = host({ cpus: 2, nics: [nic({ queues: 2, xps: true })], groups });
    expect(findings(machine).map(({ message }) => message)).toEqual([
      'Nothing reaches slots 2-3 of server 1002, server 1003: `cpu` picks by CPU, and the machine has only CPUs 0-1. ' +
        'With 4 workers for 2 CPUs, any program by CPU would starve some workers; by hash, all get packets.',
    ]);
    const turned = [group({ address: '::1', workers: pinned(1, 0), program: 'cpu' })];
    expect(found('program-misses-worker', host({ cpus: 2, groups: turned }))).toMatchObject({
      severity: 'info',
      message: expect.stringMatching(/^On 2 of 2 CPUs that can send to it, /),
      fix: ['locality-tune attach --port 8080 --program map --yes'],
    });
  });

  it('attaches again, or else detaches, if the workers are not pinned', () => {
    const free = (n: number): Worker[] => range(n).map(() => ({ cpus: range(8) }));
    const machine = (n: number, queues: number) =>
      host({ nics: [nic({ queues })], groups: [group({ workers: free(n), program: cpu(2) })] });
    expect(found('program-starves-slots', machine(4, 4))?.fix).toEqual([
      'locality-tune attach --port 8080 --yes',
    ]);
    expect(found('program-starves-slots', machine(4, 3))?.fix).toEqual([
      'locality-tune detach --port 8080 --yes',
    ]);
  });

  it('counts workers, not sockets: what one thread serves in another slot does not starve', () => {
    const one = range(4).map((n) => ({ more: { owners: [owner([0], { fd: 3 + n })], cpus: [0] } }));
    const machine = (program: Instruction[]) =>
      host({ nics: [nic({ queues: 4, xps: true })], groups: [group({ workers: one, program })] });
    expect(found('program-starves-slots', machine(cpu(1)))).toBeUndefined();
    expect(found('more-workers-than-queues', machine(cpu(1)))).toBeUndefined();
    expect(findings(machine(cpu(4))).flatMap(({ fix }) => fix)).toEqual([]);
  });

  it('does not steer a telemetry port by CPU while one of its sockets takes everything', () => {
    const workers = [900, 50, 50, 0].map((packets, n) => ({ cpu: n, more: { packets } }));
    const groups = [group({ protocol: 'udp', port: 514, workers })];
    const machine = host({ cpus: 4, nics: [nic({ queues: 4, xps: true })], groups });
    expect(found('hash-selection', machine)).toMatchObject({ severity: 'info', fix: [] });
    expect(found('udp-hot-slot', machine)?.fix).toEqual([
      'locality-tune attach --port 514 --udp --program rand --yes',
    ]);
  });

  it('does not move a worker that another group has placed well', () => {
    const worker = (n: number, on: number) => ({ ...pinned(on)[0], slot: n });
    const nics = [
      nic({ queues: 2, irqCpus: [0, 1] }),
      nic({ name: 'eth1', queues: 2, irqCpus: [4, 5], firstIrq: 60 }),
    ];
    const groups = [
      group({ port: 1, device: 'eth0', workers: [worker(0, 0), worker(1, 5)], program: 'cpu' }),
      group({ port: 2, device: 'eth1', workers: [worker(0, 4), worker(1, 5)], program: 'cpu' }),
    ];
    const fixes = findings(host({ nics, groups })).flatMap(({ fix }) => fix);
    expect(fixes.filter((command) => command.startsWith('taskset'))).toEqual([]);
  });

  const machines = fc
    .record({
      cpus: fc.integer({ min: 1, max: 6 }),
      irqCpus: fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
      workers: fc.array(fc.nat(5), { minLength: 2, maxLength: 7 }),
      modulus: fc.integer({ min: 1, max: 9 }),
      map: fc.option(fc.array(fc.tuple(fc.nat(5), fc.nat(7)), { maxLength: 6 })),
      hash: fc.boolean(),
      address: fc.constantFrom('0.0.0.0', '127.0.0.1'),
    })
    .map(({ cpus, irqCpus, workers, modulus, map, hash, address }) => {
      const at = irqCpus.map((on) => on % cpus);
      const program = map === null ? cpu(modulus) : new Map(map);
      const seated = pinned(...workers.map((on) => on % cpus));
      return host({
        cpus,
        nics: [nic({ queues: at.length, irqCpus: at })],
        groups: [group({ address, workers: seated, ...(hash ? {} : { program }) })],
      });
    });

  it('is the same for all rules, and leaves no finding once it was followed', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const before = findings(machine).filter(({ rule }) => BY_CPU.includes(rule));
        const steering = before.map(({ fix }) =>
          fix.filter((each) => each.startsWith('locality-tune')).join(),
        );
        expect(new Set(steering.filter((each) => each !== '')).size).toBeLessThanOrEqual(1);
        const after = findings(runFixes(machine, findings(machine)));
        expect(after.filter(({ rule }) => rule === BY_CPU[0] || rule === BY_CPU[1])).toEqual([]);
        for (const { fix } of after.filter(({ rule }) => BY_CPU.includes(rule))) expect(fix).toEqual([]);
      }),
      { numRuns: 250 },
    );
  });
});
