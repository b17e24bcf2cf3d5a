import { describe, expect, it } from 'vitest';
import { readInterrupts } from '../../src/host/interrupts.ts';
import { findNapiThreads, joinNapiThreads } from '../../src/host/napi-threads.ts';
import { readNics } from '../../src/host/nics.ts';
import { readMachine } from '../../src/host/topology.ts';
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

describe('threaded NAPI', () => {
  it('has a thread for each instance, called after the interface', () => {
    const found = findNapiThreads(system);
    expect([...found.keys()].sort()).toEqual(['eth0', 'eth01', 'renamed']);
    expect(joinNapiThreads(system, found.get('eth0') ?? [], [])).toEqual([
      { pid: 71, comm: 'napi/eth0-8193', napi: 8193, rx: [], tx: [], cpus: [0, 1, 2, 3] },
      { pid: 70, comm: 'napi/eth0-8194', napi: 8194, rx: [], tx: [], cpus: [3] },
    ]);
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
    expect(joinNapiThreads(system, [], netdev)).toEqual([
      { pid: 74, comm: 'napi/renamed-9', napi: 9, rx: [0], tx: [0], cpus: [2] },
    ]);
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
