import { describe, expect, it } from 'vitest';
import { readIsolation } from '../../src/host/isolation.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

const treeOf = treeMaker();
const cpu = 'sys/devices/system/cpu';
const cgroup = 'sys/fs/cgroup';
const group = (path: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    [['cgroup.procs', ''], ...Object.entries(files)].map(([name, text]) => [
      `${cgroup}/${path}/${name}`,
      text,
    ]),
  );
const isolation = (files: Readonly<Record<string, string>>) => readIsolation(treeOf(files).files);

describe('isolated CPUs', () => {
  it('by the kernel’s command line', () => {
    expect(isolation({ [`${cpu}/isolated`]: '2-3', [`${cpu}/nohz_full`]: '3' })).toEqual([
      { source: 'isolcpus', cpus: [2, 3], name: null },
      { source: 'nohz_full', cpus: [3], name: null },
    ]);
    expect(isolation({ [`${cpu}/isolated`]: '', [`${cpu}/nohz_full`]: '  (null)' })).toEqual([]);
    expect(isolation({})).toEqual([]);
  });

  it('by partitions of cgroup v2, those that hold', () => {
    expect(
      isolation({
        [`${cgroup}/cgroup.controllers`]: 'cpuset',
        [`${cgroup}/cpuset.cpus.effective`]: '0-7',
        ...group('system.slice', { 'cpuset.cpus.partition': 'member', 'cpuset.cpus.effective': '0-1' }),
        ...group('system.slice/dpdk.service', {
          'cpuset.cpus.partition': 'isolated',
          'cpuset.cpus.effective': '4-5',
          'cpuset.cpus.exclusive.effective': '4-6',
        }),
        ...group('fast', { 'cpuset.cpus.partition': 'root', 'cpuset.cpus.effective': '2-3' }),
        ...group('broken', {
          'cpuset.cpus.partition': 'isolated invalid (Cpu list in cpuset.cpus not exclusive)',
          'cpuset.cpus.effective': '7',
        }),
        [`${cgroup}/cpu.workers/`]: '',
      }),
    ).toEqual([
      { source: 'cpuset', cpus: [2, 3], name: '/fast' },
      { source: 'cpuset-isolated', cpus: [4, 5, 6], name: '/system.slice/dpdk.service' },
    ]);
  });

  it('by exclusive cpusets of cgroup v1', () => {
    const set = (path: string, exclusive: string, balance: string) =>
      group(`cpuset/${path}`, {
        'cpuset.cpus': '6-7',
        'cpuset.cpu_exclusive': exclusive,
        'cpuset.sched_load_balance': balance,
      });
    expect(
      isolation({
        [`${cgroup}/cpuset/cpuset.cpus`]: '0-7',
        ...group('cpuset/shield', { 'cpuset.cpu_exclusive': '0' }),
        ...set('shield/user', '1', '0'),
        ...set('shared', '0', '1'),
      }),
    ).toEqual([{ source: 'cpuset-isolated', cpus: [6, 7], name: '/shield/user' }]);
  });
});
