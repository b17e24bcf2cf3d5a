import { expect, it } from 'vitest';
import { demonstrate } from '../../src/demo/demo.ts';
import { openKernel } from '../../src/system/kernel.ts';

it('the probes count the very accepts that the workers count themselves, and a packet for each', async () => {
  const { tcp, notes } = await demonstrate(openKernel(), {
    maxWorkers: 2,
    connections: 1_009,
    datagrams: 32,
    signal: new AbortController().signal,
    onStep: () => {},
  });
  expect(notes.join()).not.toMatch(/double-checked/);
  for (const act of ['before', 'after'] as const) {
    expect(tcp?.byProbe?.[act]).toMatchObject({
      events: tcp?.[act].total,
      local: tcp?.[act].matched,
      percent: expect.any(Number),
    });
    expect(tcp?.skbs?.[act]).toMatchObject({ events: tcp?.[act].total, local: tcp?.[act].matched });
  }
  expect(tcp?.byProbe?.after.percent).toBe(100);
});
