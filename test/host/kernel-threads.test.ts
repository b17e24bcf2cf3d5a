import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMapMeasureNotes, cpuMapNotes, readKernelThreads } from '../../src/host/kernel-threads.ts';
import { treeMaker } from '../fixtures/tree-of.ts';

const treeOf = treeMaker();
const thread = (pid: number, comm: string, parent: number, ticks: readonly number[]) => ({
  [`proc/${pid}/comm`]: comm,
  [`proc/${pid}/stat`]: `${pid} (${comm}) S ${parent} 0 0 0 -1 69238880 0 0 0 0 ${ticks.join(' ')} 0 0 20 0 1 0 99`,
});

describe('kernel threads that receive', () => {
  it('are those of cpumap and ksoftirqd, each with its CPU and its time', () => {
    const { files } = treeOf({
      ...thread(14, 'ksoftirqd/0', 2, [0, 1234]),
      ...thread(310, 'cpumap/3/map:7', 2, [100, 50]),
      // As a kernel before 5.17 cuts it.
      ...thread(311, 'cpumap/12/map:3', 2, [0, 0]),
      // Anybody may be called so.
      ...thread(4711, 'ksoftirqd/1', 1, [9, 9]),
      ...thread(4712, 'cpumap) 2 (', 2, [9, 9]),
      'proc/99/comm': 'ksoftirqd/5',
      'proc/uptime': '1 1',
    });
    expect(readKernelThreads(files)).toEqual([
      { kind: 'ksoftirqd', pid: 14, comm: 'ksoftirqd/0', cpu: 0, seconds: 12.34 },
      { kind: 'cpumap', pid: 310, comm: 'cpumap/3/map:7', cpu: 3, seconds: 1.5 },
      { kind: 'cpumap', pid: 311, comm: 'cpumap/12/map:3', cpu: 12, seconds: 0 },
    ]);
  });

  it('of cpumap are explained where paths are shown, and where packets are measured', () => {
    const threads = [12, 3, 3].map(
      (cpu, pid) => ({ kind: 'cpumap', pid, comm: `cpumap/${cpu}/map:7`, cpu, seconds: 0 }) as const,
    );
    expect(cpuMapNotes(threads).join()).toMatch(
      /to CPUs 3,12 .*rxhash and queue are 0, and RPS moves packets again/,
    );
    expect(cpuMapMeasureNotes(threads, 'allocated').join()).toMatch(
      /to CPUs 3,12 .*native.* read as local.*generic.*1 in N/,
    );
    expect(cpuMapMeasureNotes(threads, 'delivered').join()).toMatch(
      /to CPUs 3,12 .*local if it is read there/,
    );
    for (const none of [null, [], [{ ...threads[0], kind: 'ksoftirqd' } as never]])
      expect([cpuMapNotes(none), cpuMapMeasureNotes(none, 'delivered')]).toEqual([[], []]);
  });

  it('with any stat are read', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (stat) => {
        const { files } = treeOf({ 'proc/7/comm': 'ksoftirqd/0', 'proc/7/stat': stat });
        for (const { seconds } of readKernelThreads(files)) expect(Number.isNaN(seconds)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });
});
