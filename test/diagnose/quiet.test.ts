import { describe, expect, it } from 'vitest';
import { quietNics } from '../../src/diagnose/quiet.ts';
import type { Host, Nic } from '../../src/host/types.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { findings, found, viewOf } from './view.ts';

/** A single-queue NIC that took so many interrupts since boot. */
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
