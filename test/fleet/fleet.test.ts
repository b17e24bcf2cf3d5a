import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetOf } from '../../src/fleet/fleet.ts';
import { machineOf } from '../../src/fleet/machine.ts';
import { differences } from '../../src/fleet/peers.ts';
import type { Machine } from '../../src/fleet/types.ts';
import type { Host } from '../../src/host/types.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';

const named = (hostname: string | null, of: Host): Host => ({ ...of, machine: { ...of.machine, hostname } });
const read = (of: Host, source = 'file.json', measured: number | null = null): Machine =>
  machineOf(of, { source, time: null, measured });

const tuned = (hostname: string, queues = 4, port = 443): Host =>
  named(
    hostname,
    host({
      cpus: 4,
      nics: [nic({ queues, xps: true })],
      groups: [group({ port, workers: pinned(0, 1, 2, 3), program: 'cpu' })],
    }),
  );
const byHash = (hostname: string): Host =>
  named(
    hostname,
    host({
      cpus: 4,
      nics: [nic({ queues: 4, xps: true })],
      groups: [group({ port: 443, workers: pinned(0, 1, 2, 3) })],
    }),
  );
/** Its program never chooses slots 2 and 3. */
const starved = (hostname: string): Host =>
  named(
    hostname,
    host({
      cpus: 4,
      nics: [nic({ queues: 2, xps: true })],
      groups: [group({ port: 443, workers: pinned(0, 1, 2, 3), program: 'cpu' })],
    }),
  );

describe('a machine of a fleet', () => {
  it('keeps what is compared: expected locality, findings, what it serves', () => {
    const machine = read(byHash('web-1'), 'web-1.json');
    expect(machine).toMatchObject({
      host: 'web-1',
      source: 'web-1.json',
      role: ['tcp 443'],
      expected: 0.25,
      group: 'tcp 0.0.0.0:443',
      findings: { 'hash-selection': 1 },
    });
    expect(machine.traits).toMatchObject({
      'eth0 RX queues': '4',
      'eth0 RSS table': '4 queues alike',
      'eth0 interrupts': 'on 4 CPUs, at most 1 queue on one',
      'eth0 XPS': 'on all queues',
      'tcp 443 sockets': '4',
      'tcp 443 steered by': 'hash',
      'tcp 443 workers': 'pinned',
    });
  });

  it('is named after its file if it has no name', () => {
    expect(read(named(null, host()), 'a/b.json').host).toBe('a/b.json');
  });
});

describe('a fleet', () => {
  it('puts what is broken first, then the least local, then the unknown', () => {
    const machines = [
      read(named('idle', host())),
      read(tuned('good')),
      read(byHash('hash')),
      { ...read(tuned('broken')), severities: { error: 1, warning: 0, info: 0 } },
      { ...read(tuned('drifted')), drift: 2 },
    ];
    expect(fleetOf(machines, []).hosts.map((each) => each.host)).toEqual([
      'broken',
      'drifted',
      'hash',
      'good',
      'idle',
    ]);
  });

  it('prefers what was measured to what is expected', () => {
    const machines = [read(byHash('hash'), 'h'), read(tuned('good'), 'g', 0.1)];
    expect(fleetOf(machines, []).hosts[0]?.host).toBe('good');
  });

  it('counts each finding once for each machine, with its worst severity', () => {
    const { findings } = fleetOf([read(byHash('a')), read(byHash('b')), read(tuned('c'))], []);
    expect(findings.filter(({ rule }) => rule === 'hash-selection')).toEqual([
      { rule: 'hash-selection', severity: 'warning', hosts: 2 },
    ]);
  });

  it('tells machines of one name apart by their files', () => {
    const { hosts } = fleetOf([read(tuned('a'), '1.json'), read(tuned('a'), '2.json'), read(tuned('b'))], []);
    expect(hosts.map(({ host: name }) => name).sort()).toEqual(['a (1.json)', 'a (2.json)', 'b']);
  });
});

describe('peers', () => {
  it('name the one that differs, in what, and from how many', () => {
    const { hosts } = fleetOf(
      [...['a', 'b', 'c', 'd'].map((name) => read(tuned(name))), read(starved('odd'))],
      [],
    );
    const differs = new Map(hosts.map((each) => [each.host, each.differs]));
    expect(differs.get('a')).toEqual([]);
    expect(differs.get('odd')).toContainEqual({
      trait: 'eth0 RX queues',
      value: '2',
      peers: '4',
      agree: 4,
      of: 4,
    });
  });

  it('serve the same ports: another server is no odd one', () => {
    const { hosts } = fleetOf(
      [...['a', 'b', 'c'].map((name) => read(tuned(name))), read(tuned('dns', 2, 53))],
      [],
    );
    expect(hosts.flatMap(({ differs }) => differs)).toEqual([]);
  });

  const machine = fc.record({
    role: fc.constantFrom([], ['tcp 80'], ['udp 53']),
    traits: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '3'), {
      noNullPrototype: true,
    }),
  });

  const base = read(tuned('base'));

  it('agree by two thirds, whatever the machines, or nobody differs', () => {
    fc.assert(
      fc.property(fc.array(machine, { maxLength: 12 }), (facts) => {
        const machines = facts.map((each): Machine => ({ ...base, ...each }));
        for (const [one, differs] of differences(machines))
          for (const { trait, value, peers, agree, of } of differs) {
            const others = machines.filter((each) => each !== one && each.role.join() === one.role.join());
            const known = others.filter(({ traits }) => traits[trait] !== undefined);
            expect(one.role).not.toEqual([]);
            expect(one.traits[trait]).toBe(value);
            expect(value).not.toBe(peers);
            expect(of).toBe(known.length);
            expect(agree).toBe(known.filter(({ traits }) => traits[trait] === peers).length);
            expect(agree).toBeGreaterThanOrEqual(Math.max(2, (of * 2) / 3));
          }
      }),
      { seed: 20_261_130, numRuns: 300 },
    );
  });
});
