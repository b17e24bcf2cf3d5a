import { describe, expect, it } from 'vitest';
import { quietNics } from '../../src/diagnose/quiet.ts';
import { rank } from '../../src/diagnose/ranked.ts';
import type { Host, Nic } from '../../src/host/types.ts';
import { expectedFor } from '../../src/tune/plan.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { findings, found, viewOf } from './view.ts';

/** A single-queue NIC with that number of interrupts since boot. */
function taking(interrupts: number, name = 'eth0'): Nic {
  const made = nic({ name, firstIrq: name === 'eth0' ? 32 : 90 });
  return { ...made, irqs: made.irqs.map((irq) => ({ ...irq, counts: [interrupts] })) };
}

const quiet = (machine: Host) => [...quietNics(viewOf(machine))].map(({ name }) => name);
const behind = [group({ workers: pinned(0, 1) })];
const contended = (address: string) => ({
  protocol: 'tcp' as const,
  id: `tcp ${address}:80`,
  address,
  port: 80,
  device: null,
  inode: 1,
  owners: [owner(null, { pid: 5 }), owner(null, { pid: 6 })],
  processes: 2,
  recvQueue: 0,
  drops: 0,
});

describe('a NIC is quiet', () => {
  it.each([
    ['with few interrupts and nobody behind it', host({ nics: [taking(17_000)] })],
    [
      'with a group on loopback only',
      host({ nics: [taking(17_000)], groups: [group({ address: '127.0.0.1', workers: pinned(0, 1) })] }),
    ],
    [
      'with a shared listener on loopback only',
      host({ nics: [taking(17_000)], more: { lone: [contended('127.0.0.1')] } }),
    ],
    ['when nobody knows', host({ nics: [{ ...taking(0), irqs: [] }] })],
  ])('%s', (_, machine) => {
    expect(quiet(machine)).toEqual(['eth0']);
    expect(found('single-queue', machine)?.severity).toBe('info');
  });

  it.each([
    ['with a group behind it', host({ nics: [taking(17_000)], groups: behind })],
    [
      'with a shared listener behind it',
      host({ nics: [taking(17_000)], more: { lone: [contended('0.0.0.0')] } }),
    ],
    ['with a million interrupts', host({ nics: [taking(1_000_000)] })],
  ])('never %s', (_, machine) => {
    expect(quiet(machine)).toEqual([]);
    expect(found('single-queue', machine)?.severity).toBe('warning');
  });

  it('beside one that takes a hundred times as many, and then its CPUs are not those that receive', () => {
    const main = nic({ queues: 8, xps: true });
    const busy = { ...main, irqs: main.irqs.map((irq) => ({ ...irq, counts: [10_000_000] })) };
    const groups = [group({ workers: pinned(...range(8)), program: 'cpu' })];
    const management = nic({ name: 'eno1', irqCpus: [9], firstIrq: 90 });
    const machine = host({ cpus: 16, nics: [busy, management], groups });
    expect(quiet(machine)).toEqual(['eno1']);
    expect(findings(machine).map(({ severity, subject }) => `${severity} ${subject}`)).toEqual([
      'info eno1 rx-0',
    ]);
  });
});

describe('a port of a bond', () => {
  const port = (name: string, firstIrq: number, thousands: number, standby: boolean | null = null) => {
    const irqCpus = range(4).map((at) => (firstIrq + at) % 8);
    const made = nic({ name, queues: 4, firstIrq, xps: true, irqCpus });
    return { ...made, irqs: made.irqs.map((irq) => ({ ...irq, counts: [1000 * thousands] })), standby };
  };
  const above = (driver: string, ...ports: Nic[]) =>
    host({
      nics: [
        ...ports,
        nic({ name: 'bond0', lowerDevices: ports.map(({ name }) => name), more: { driver, irqs: [] } }),
      ],
      groups: [group({ workers: pinned(...range(4)) })],
    });
  const options = {
    ifaces: [],
    ports: [8080],
    protocol: 'tcp',
    only: [],
    cpus: null,
    irqCpus: null,
    avoidCpus: [],
    smt: 'one',
    program: null,
  } as const;

  it('that the bond does not use is quiet, although it took more before', () => {
    const failedOver = above('bonding', port('eth0', 40, 9000, true), port('eth1', 44, 20, false));
    expect(quiet(failedOver)).toEqual(['eth0']);
    expect(rank(viewOf(failedOver))[0]?.byNic.map((each) => each.nic)).toEqual(['eth1']);
  });

  it('that takes almost nothing beside another is quiet, and no part of a promise', () => {
    const machine = above('team', port('eth0', 40, 9000), port('eth1', 44, 300));
    expect(quiet(machine)).toEqual(['eth1']);
    const [first] = rank(viewOf(machine));
    expect(first).toMatchObject({ now: 0.25, cpu: 1, byNic: [{ nic: 'eth0' }] });
    expect(expectedFor(machine, options).map((each) => each.nic)).toEqual(['eth0']);
    expect(expectedFor(machine, { ...options, ifaces: ['eth1'] }).map((each) => each.nic)).toEqual(['eth1']);
  });

  it('that takes its part is not quiet, nor is a port of a bridge', () => {
    expect(quiet(above('bonding', port('eth0', 40, 9000), port('eth1', 44, 600)))).toEqual([]);
    expect(quiet(above('bridge', port('eth0', 40, 9000), port('eth1', 44, 300)))).toEqual([]);
  });
});
