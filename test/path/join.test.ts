import { describe, expect, it } from 'vitest';
import { joinPaths } from '../../src/path/join.ts';
import {
  type GroupFacts,
  group,
  type HostFacts,
  host,
  type NicFacts,
  nic,
  owner,
  pinned,
  range,
} from '../fixtures/hosts.ts';

const paths = (nicFacts: NicFacts, groupFacts: GroupFacts, more: HostFacts = {}) =>
  joinPaths(host({ ...more, nics: [nic(nicFacts)], groups: [group(groupFacts)] }));

describe('joinPaths', () => {
  it('follows a packet from queue to worker to TX queue', () => {
    const [, path] = paths(
      { queues: 2, irqCpus: [0, 5], xps: true },
      { workers: pinned(0, 5), program: 'cpu' },
    );
    expect(path).toEqual({
      nic: 'eth0',
      rxQueue: 1,
      irq: 33,
      cpu: 5,
      group: 'tcp 0.0.0.0:8080',
      slot: 1,
      worker: { pid: 1001, tid: 1001, cpus: [5] },
      txQueue: 1,
      txWhy: 'XPS of CPU 5',
      localShare: 1,
      why: 'slot 1: worker on CPU 5',
    });
  });

  it('names the CPU that should have received a packet', () => {
    const [path] = paths({ irqCpus: [2] }, { workers: pinned(0, 1), program: 'cpu' });
    expect(path).toMatchObject({ slot: 0, localShare: 0, why: 'slot 0: worker on CPU 0, not 2' });
  });

  it('leaves slot and worker open under hash, where any slot is possible', () => {
    const [path] = paths({ irqCpus: [2], xps: [[2]] }, { workers: pinned(0, 1, 2, 2) });
    expect(path).toMatchObject({ slot: null, worker: null, txQueue: 0, localShare: 0.5 });
    expect(path?.why).toBe('hash: 2 of 4 workers on CPU 2');
  });

  it('counts a hyperthread of the same core as another CPU', () => {
    const [path] = paths({ irqCpus: [0] }, { workers: pinned(4), program: 'cpu' });
    expect(path?.localShare).toBe(0);
  });

  it('measures locality on the CPU that RPS moves to, and still shows the CPU of the softirq', () => {
    const [path] = paths({ irqCpus: [0], rps: [1] }, { workers: pinned(0, 1), program: 'cpu' });
    expect(path).toMatchObject({ cpu: 0, slot: 1, localShare: 1 });
    expect(path?.why).toBe('RPS moves packets to CPU 1; slot 1: worker on CPU 1');
  });

  it('decides nothing from a guessed slot, nor for a worker that may run elsewhere', () => {
    const program = 'cpu';
    const first = (facts: GroupFacts) => paths({ irqCpus: [1] }, { program, ...facts })[0];
    expect(first({ workers: pinned(0, 1), slotSource: 'guess' })).toMatchObject({
      slot: 1,
      worker: null,
      localShare: null,
    });
    expect(first({ workers: [{ cpus: [0] }, { cpus: [0, 1] }] })).toMatchObject({
      ...{ slot: 1, worker: { pid: 1001, cpus: [0, 1] }, txQueue: 0, localShare: null },
    });
    expect(first({ workers: [{ cpu: 0 }, { cpus: null }] })).toMatchObject({ localShare: null });
    const shared = { owners: [owner([1]), owner([1], { pid: 2, tid: 2 })] };
    expect(first({ workers: [{ cpu: 0 }, { more: shared }] })).toMatchObject({
      worker: null,
      localShare: null,
    });
  });

  it('takes one thread with two descriptors for one worker', () => {
    const twice = { owners: [owner([1]), owner([1], { fd: 9 })] };
    expect(paths({ irqCpus: [1] }, { workers: [{ more: twice }], program: 'cpu' })[0]?.localShare).toBe(1);
  });

  it('shows queues without any group', () => {
    const [path] = joinPaths(host({ nics: [nic({ irqCpus: [3] })] }));
    expect(path).toMatchObject({
      rxQueue: 0,
      irq: 32,
      cpu: 3,
      group: null,
      localShare: null,
      why: 'no reuseport group',
    });
  });

  it('joins ports only: no bond, no loopback, no single virtual queue without an IRQ', () => {
    const bond = nic({ name: 'bond0', queues: 4, lowerDevices: ['eth0'] });
    const veth = nic({ name: 'veth0', irqCpus: [null], more: { rxQueues: [], irqs: [] } });
    const nics = [nic({ name: 'lo' }), bond, veth, nic({ name: 'eth0' })];
    expect(joinPaths(host({ nics })).map((path) => path.nic)).toEqual(['eth0']);
  });

  it('joins a device-bound group to that device and what is below it, a loopback one to loopback alone', () => {
    const nics = [
      nic({ name: 'eth0' }),
      nic({ name: 'eth1' }),
      nic({ name: 'bond0', lowerDevices: ['eth1'] }),
      nic({ name: 'bond0.7', lowerDevices: ['bond0'] }),
    ];
    const workers = pinned(0);
    const groups = [
      group({ port: 1, workers, device: 'eth0' }),
      group({ port: 2, workers, device: 'bond0.7' }),
      group({ port: 3, workers, address: '127.0.0.1' }),
      group({ port: 4, workers, address: '::1' }),
      group({ port: 5, workers, address: '192.0.2.1' }),
    ];
    const joined = joinPaths(host({ nics, groups })).map((path) => `${path.nic} ${path.group}`);
    expect(joined).toEqual([
      'eth0 tcp 0.0.0.0%eth0:1',
      'eth0 tcp 192.0.2.1:5',
      'eth1 tcp 0.0.0.0%bond0.7:2',
      'eth1 tcp 192.0.2.1:5',
      'lo tcp 127.0.0.1:3',
      'lo tcp [::1]:4',
    ]);
    expect(joinPaths(host({ nics: [nic()], groups: groups.slice(2, 4) }))[0]?.group).toBeNull();
  });

  it('makes one path for each queue and group of a large machine', () => {
    const cpus = range(512);
    const nics = range(8).map((each) => nic({ name: `eth${each}`, queues: 128, xps: true }));
    const groups = range(20).map((each) =>
      group({
        port: 8000 + each,
        workers: pinned(...cpus),
        program: each % 2 ? 'cpu' : new Map(cpus.map((c) => [c, c])),
      }),
    );
    const joined = joinPaths(host({ cpus: 512, nics, groups }));
    expect(joined).toHaveLength(20_480);
    expect(new Set(joined.map(({ nic, rxQueue, group }) => `${nic} ${rxQueue} ${group}`)).size).toBe(20_480);
    expect(joined.every(({ localShare, txQueue, rxQueue }) => localShare === 1 && txQueue === rxQueue)).toBe(
      true,
    );
  });
});
