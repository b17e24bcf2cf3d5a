import { describe, expect, it } from 'vitest';
import { readInterrupts } from '../../src/host/interrupts.ts';
import {
  findNapiThreads,
  joinNapiThreads,
  type NapiFacts,
  napiThreadOf,
} from '../../src/host/napi-threads.ts';
import { readNics } from '../../src/host/nics.ts';
import { readMachine } from '../../src/host/topology.ts';
import type { Nic } from '../../src/host/types.ts';
import { nic } from '../fixtures/hosts.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

const treeOf = treeMaker();
const thread = (pid: number, comm: string, cpus: string) => ({
  [`proc/${pid}/comm`]: comm,
  [`proc/${pid}/task/${pid}/status`]: `Name:\t${comm}\nCpus_allowed_list:\t${cpus}`,
});
const system = treeOf({
  ...thread(70, 'napi/eth0-8194', '3'),
  ...thread(71, 'napi/eth0-8193', '0-3'),
  ...thread(72, 'napi/eth01-8195', '1'),
  ...thread(73, 'nginx', '1'),
  ...thread(74, 'napi/renamed-9', '2'),
  'proc/net/': '',
  'sys/class/net/eth0/threaded': '1',
  'sys/class/net/eth0/queues/rx-0/': '',
  'sys/class/net/eth1/threaded': '0',
});

const nothing = { named: [], queues: [], napis: null, inOrder: [] };

describe('threaded NAPI', () => {
  it('has a thread for each instance, called after the interface', () => {
    const found = findNapiThreads(system);
    expect([...found.keys()].sort()).toEqual(['eth0', 'eth01', 'renamed']);
    expect(joinNapiThreads(system, { ...nothing, named: found.get('eth0') ?? [] })).toEqual([
      { pid: 71, comm: 'napi/eth0-8193', napi: 8193, rx: [], tx: [], cpus: [0, 1, 2, 3] },
      { pid: 70, comm: 'napi/eth0-8194', napi: 8194, rx: [], tx: [], cpus: [3] },
    ]);
  });

  it('keeps every thread where the kernel has cut the numbers off their names', () => {
    const cut = treeOf({
      ...thread(70, 'napi/enp1s0-819', '0'),
      ...thread(71, 'napi/enp1s0-819', '1'),
    });
    const named = findNapiThreads(cut).get('enp1s0') ?? [];
    expect(joinNapiThreads(cut, { ...nothing, named }).map(({ pid, cpus }) => [pid, cpus])).toEqual([
      [70, [0]],
      [71, [1]],
    ]);
  });

  it('is no process that only has such a name', () => {
    const mixed = treeOf({
      ...thread(70, 'napi/eth0-8194', '3'),
      ...thread(666, 'napi/eth0-8193', '0'),
      'proc/70/stat': '70 (napi/eth0-8194) S 2 0 0 0 -1 2129984 0',
      'proc/666/stat': '666 (napi/eth0-8193) S 1 666 666 0 -1 4194560 0',
    });
    expect(
      findNapiThreads(mixed)
        .get('eth0')
        ?.map(({ pid }) => pid),
    ).toEqual([70]);
  });

  it('is known from the kernel’s queues, whatever the thread is called', () => {
    const queue = (id: number, type: 'rx' | 'tx', napiId: number, pid: number | null) => ({
      id,
      type,
      napiId,
      irq: null,
      pid,
    });
    const netdev = [queue(0, 'rx', 9, 74), queue(0, 'tx', 9, 74), queue(1, 'rx', 10, null)];
    expect(joinNapiThreads(system, { ...nothing, queues: netdev })).toEqual([
      { pid: 74, comm: 'napi/renamed-9', napi: 9, rx: [0], tx: [0], cpus: [2] },
    ]);
  });

  it('of a veth has its queues in the order of its instances, and only its own threads', () => {
    const named = findNapiThreads(system).get('eth0') ?? [];
    const napis = [
      { id: 8194, pid: 70 },
      { id: 8193, pid: 71 },
    ];
    const rxOf = (facts: Partial<NapiFacts>) =>
      joinNapiThreads(system, { ...nothing, ...facts }).map(({ pid, rx }) => [pid, ...rx]);
    expect(rxOf({ named, napis, inOrder: [0, 1] })).toEqual([
      [71, 0],
      [70, 1],
    ]);
    // A thread of an interface of that name in another network namespace; an instance without a thread.
    expect(rxOf({ named, napis: napis.slice(0, 1), inOrder: [0] })).toEqual([[70, 0]]);
    expect(rxOf({ named, napis: [{ id: 8194, pid: null }], inOrder: [0] })).toEqual([]);
    expect(rxOf({ named, napis, inOrder: [0, 1, 2] })).toEqual([[71], [70]]);
  });

  it('serves a queue that is known, or the only one', () => {
    const thread = (pid: number, rx: number[]) => ({
      pid,
      comm: 'napi/x-1',
      napi: pid,
      rx,
      tx: [],
      cpus: [1],
    });
    const of = (
      queues: number,
      napiThreads: Nic['napiThreads'],
      queue = 0,
      threadedNapi: boolean | null = true,
    ) => napiThreadOf({ threadedNapi, napiThreads, rxQueues: nic({ queues }).rxQueues }, queue)?.pid ?? null;
    expect(of(2, [thread(7, [0]), thread(8, [1])], 1)).toBe(8);
    expect(of(2, [thread(7, []), thread(8, [])])).toBeNull();
    expect(of(1, [thread(7, [])])).toBe(7);
    expect(of(1, [thread(7, []), thread(8, [])])).toBeNull();
    expect([of(1, null), of(1, [thread(7, [0])], 0, false)]).toEqual([null, null]);
  });

  it('is looked for only where it is on', async () => {
    const interrupts = readInterrupts(system.files);
    const nics = await readNics(system, readMachine(system, interrupts), interrupts);
    expect(nics.map(({ name, napiThreads }) => [name, napiThreads?.map(({ pid }) => pid)])).toEqual([
      ['eth0', [71, 70]],
      ['eth1', []],
    ]);
  });
});
