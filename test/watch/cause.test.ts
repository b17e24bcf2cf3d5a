/** What a drift is put down to: never to what cannot have caused it. */
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import type { Target } from '../../src/tune/types.ts';
import { noticeOf } from '../../src/watch/notices.ts';
import { group, host, nic, owner, range } from '../fixtures/hosts.ts';
import { SimulatedMachine } from './simulated-machine.ts';

/** @param inodes of the sockets that its workers serve */
const served = (inodes: readonly number[]) =>
  group({
    workers: inodes.map((inode, slot) => ({
      cpu: slot,
      slot,
      more: { inode, owners: [owner([slot], { pid: inode, tid: inode })] },
    })),
    program: 'cpu',
  });
const machineOf = (...inodes: number[]): Host =>
  host({ cpus: 4, nics: [nic({ queues: 4, xps: true })], groups: [served(inodes)] });
const without = (machine: Host): Host => ({
  ...machine,
  groups: machine.groups.map((each) => ({ ...each, program: null, selection: 'hash' })),
});
const IRQ: Target = { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [2], irq: 34, name: 'eth0-TxRx-2' };
const causes = ({ events }: SimulatedMachine, kind: string) =>
  events.filter((event) => event.kind === kind).map(({ cause, action }) => [cause, action]);

describe('a program that is gone', () => {
  const watched = async () => {
    const machine = new SimulatedMachine(machineOf(100, 101, 102, 103), { kinds: [] });
    await machine.pass(1);
    return machine;
  };
  const DETACHED = [['somebody detached it; the kernel does not report who', 'none']];

  it('was detached, although a worker came a moment ago', async () => {
    const machine = await watched();
    machine.host = machineOf(100, 101, 102, 203);
    await machine.pass(5);
    expect(machine.events.map(({ kind, cause }) => [kind, cause])).toEqual([
      ['generation', '1 worker came, 1 worker left'],
    ]);
    machine.host = without(machine.host);
    machine.programsChanged = true;
    await machine.pass(10);
    expect(causes(machine, 'program')).toEqual(DETACHED);
    const { drift } = machine.watcher.counters();
    expect(drift.filter(({ count }) => count > 0)).toEqual([
      { kind: 'program', culprit: 'process', count: 1 },
    ]);
  });

  it('was detached, although all workers came one after the other', async () => {
    const machine = await watched();
    for (const inodes of [
      [100, 101, 202, 203],
      [200, 201, 202, 203],
    ]) {
      machine.host = machineOf(...inodes);
      await machine.pass(5);
    }
    machine.host = without(machine.host);
    machine.programsChanged = true;
    await machine.pass(10);
    expect(causes(machine, 'program')).toEqual(DETACHED);
  });

  it('ended with its group, if none of its sockets is left', async () => {
    const machine = await watched();
    machine.host = without(machineOf(200, 201, 202, 203));
    await machine.pass(10);
    expect(causes(machine, 'program')).toEqual([['all workers were replaced: a reload or restart', 'none']]);
  });

  it('was replaced, if the group has another one', async () => {
    const machine = await watched();
    const program = group({ workers: range(4).map((cpu) => ({ cpu })), program: 'rand' }).program;
    machine.host = { ...machine.host, groups: machine.host.groups.map((each) => ({ ...each, program })) };
    machine.programsChanged = true;
    await machine.pass(10);
    expect(causes(machine, 'program')).toEqual([
      ['somebody attached another program; the kernel does not report who', 'none'],
    ]);
  });
});

describe('a CPU that goes offline', () => {
  const offline = (machine: SimulatedMachine, cpu: number) => {
    const online = machine.host.machine.cpus.online.filter((each) => each !== cpu);
    const { cpus } = machine.host.machine;
    machine.host = { ...machine.host, machine: { ...machine.host.machine, cpus: { ...cpus, online } } };
    machine.watcher.hear({ about: 'cpu', cpu, online: false });
  };

  it('is the cause of the interrupt that left it, which moves back once the CPU is there again', async () => {
    const machine = new SimulatedMachine(machineOf(100, 101, 102, 103));
    await machine.pass(1);
    const { machine: before } = machine.host;
    offline(machine, 2);
    machine.change({ target: IRQ, to: '0-1,3' }, null, null);
    await machine.pass(900);
    expect(machine.events.find(({ kind }) => kind === 'irq')).toMatchObject({
      cause: 'CPU 2 went offline',
      action: 'none',
      why: 'CPU 2 is offline',
    });
    expect(machine.written).toEqual([]);
    const { drift } = machine.watcher.counters();
    expect(drift.filter(({ count }) => count > 0)).toEqual([{ kind: 'irq', culprit: 'cpu', count: 1 }]);

    machine.host = { ...machine.host, machine: before };
    machine.watcher.hear({ about: 'cpu', cpu: 2, online: true });
    await machine.pass(1);
    expect(machine.written.map(({ subject, to }) => [subject, to])).toEqual([['eth0 rx-2 interrupt', '2']]);
    expect(causes(machine, 'irq').at(-1)).toEqual(['CPU 2 went offline', 'repaired']);
  });

  it('is not the cause of what was elsewhere', async () => {
    const machine = new SimulatedMachine(machineOf(100, 101, 102, 103), { kinds: [] });
    await machine.pass(1);
    offline(machine, 3);
    machine.change({ target: IRQ, to: '0' }, null, null);
    await machine.pass(5);
    expect(causes(machine, 'irq')).toEqual([['not known: the kernel reports no such change', 'none']]);
  });
});

describe('an interface', () => {
  const notice = (what: 'channels' | 'rss' | 'link') => {
    const heard =
      what === 'link'
        ? ({ kind: 'link', event: 'changed', name: 'eth0', ifindex: 2, up: true, carrier: true } as const)
        : ({ kind: 'ethtool', what, name: 'eth0', ifindex: 2 } as const);
    const found = noticeOf(heard as Parameters<typeof noticeOf>[0], () => 'eth0');
    if (found === null) throw new Error('no notice');
    return found;
  };
  const watched = async (...notices: Parameters<typeof notice>[0][]) => {
    const machine = new SimulatedMachine(machineOf(100, 101, 102, 103), { kinds: [] });
    await machine.pass(1);
    for (const each of notices) machine.watcher.hear(notice(each));
    const table = Array.from({ length: 128 }, () => 0).join(' ');
    machine.change({ target: { kind: 'rss', nic: 'eth0' }, to: table }, null, null);
    machine.change({ target: IRQ, to: '0' }, null, null);
    await machine.pass(5);
    return [causes(machine, 'rss')[0]?.[0], causes(machine, 'irq')[0]?.[0]];
  };
  const CHANNELS = 'its channels were changed';
  const TABLE = 'its RSS table or key was changed';

  it('is reset by a change of channels, which also takes its link down and up, in any order', async () => {
    expect(await watched('channels', 'link')).toEqual([CHANNELS, CHANNELS]);
    expect(await watched('link', 'channels', 'link')).toEqual([CHANNELS, CHANNELS]);
  });

  it('has another table because the kernel says so, even right after a change of channels', async () => {
    expect(await watched('channels', 'rss')).toEqual([TABLE, CHANNELS]);
    expect(await watched('rss')).toEqual([TABLE, 'not known: the kernel reports no such change']);
  });
});
