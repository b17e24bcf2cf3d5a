import { machine } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evenSample, sampleAccepts } from '../../src/measure/accept-sample.ts';
import { openFiles } from '../../src/system/files.ts';
import { connectionsTo, openKernel } from '../../src/system/kernel.ts';
import { type Served, startWorkload } from './workload.ts';

const workload = startWorkload();
const sample = (port: number, more: object = {}) =>
  sampleAccepts({ files: openFiles('/'), kernel: openKernel() }, machine(), {
    pid: null,
    comm: null,
    port,
    ...more,
  });

describe('a sample of the connections of pinned workers', () => {
  let served: Served;

  beforeAll(async () => {
    served = await workload.serveTcp([0, 1]);
    await workload.connect(0, served.port, 40, true);
    await workload.connect(1, served.port, 20, true);
  });
  afterAll(workload.stop);

  it('has every connection once, on the CPU that sent its latest packet', async () => {
    expect(await connectionsTo(served.port)).toHaveLength(60);
    const { accepts, matched, percent, connections, listeners, pairs, notes } = await sample(served.port);
    const count = (some: (pair: (typeof pairs)[number]) => boolean) =>
      pairs.filter(some).reduce((sum, pair) => sum + pair.count, 0);
    expect({ connections, accepts }).toEqual({ connections: 60, accepts: 60 });
    expect([count(({ rxcpu }) => rxcpu === 0), count(({ rxcpu }) => rxcpu === 1)]).toEqual([40, 20]);
    expect(matched).toBe(count(({ cpu, rxcpu }) => cpu === rxcpu));
    expect(percent).toBe(Math.round((1000 * matched) / 60) / 10);
    expect(notes).toEqual([expect.stringMatching(/^sampled, not measured/)]);
    for (const { pid, fd, cpu } of served.workers)
      for (const pair of pairs.filter((each) => each.pid === pid)) expect(pair).toMatchObject({ fd, cpu });
    expect(listeners.map(({ comm }) => comm)).toEqual(listeners.map(() => expect.stringMatching(/^python/)));
  });

  it('covers one process if one is requested', async () => {
    const [worker] = served.workers;
    const { listeners } = await sample(served.port, { pid: worker?.pid });
    expect(listeners.map(({ pid }) => pid)).toEqual([worker?.pid]);
    expect(await sample(served.port, { comm: 'nobody' })).toMatchObject({ accepts: 0, percent: null });
  });

  it('needs a process that listens', async () => {
    await expect(sample(1)).rejects.toMatchObject({ code: 'not-listening' });
  });
});

describe('evenSample', () => {
  it('takes as many as allowed, in order, evenly', () => {
    fc.assert(
      fc.property(fc.nat(3_000), fc.integer({ min: 1, max: 600 }), (length, most) => {
        const chosen = evenSample(
          Array.from({ length }, (_, at) => at),
          most,
        );
        expect(chosen).toHaveLength(Math.min(length, most));
        const gaps = chosen.map((at, index) => at - (chosen[index - 1] ?? -1));
        expect(Math.max(1, ...gaps)).toBeLessThanOrEqual(Math.ceil(length / most) || 1);
      }),
    );
  });
});
