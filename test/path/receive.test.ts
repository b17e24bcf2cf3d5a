import { expect, it } from 'vitest';
import { receiver } from '../../src/path/receive.ts';
import { type NicFacts, nic } from '../fixtures/hosts.ts';

const of = (facts: NicFacts, rpsSockFlowEntries: number | null = 0) => {
  const made = nic({ irqCpus: [3], ...facts });
  const [queue] = made.rxQueues;
  if (queue === undefined) throw new Error('a NIC without queues');
  return receiver(made, queue, rpsSockFlowEntries);
};

it("is the CPU of the queue's IRQ", () => {
  expect(of({})).toEqual({ softirq: 3, cpu: 3, why: null });
  expect(of({ threadedNapi: null })).toEqual({ softirq: 3, cpu: 3, why: null });
});

it('is the one CPU that RPS names, whatever the IRQ does', () => {
  expect(of({ rps: [5] })).toEqual({ softirq: 3, cpu: 5, why: 'RPS moves packets to CPU 5' });
  expect(of({ rps: [3] })).toEqual({ softirq: 3, cpu: 3, why: null });
  expect(of({ rps: [5], irqCpus: [[0, 1]] })).toMatchObject({ softirq: null, cpu: 5 });
});

it('is not known, and why', () => {
  expect(of({ irqCpus: [null] })).toMatchObject({
    softirq: null,
    cpu: null,
    why: expect.stringMatching(/IRQ is not known/),
  });
  expect(of({ irqCpus: [[2, 3]] })).toMatchObject({
    softirq: null,
    cpu: null,
    why: expect.stringMatching(/several CPUs/),
  });
  expect(of({ threadedNapi: true })).toMatchObject({
    softirq: null,
    cpu: null,
    why: expect.stringMatching(/threaded NAPI/),
  });
  expect(of({ rps: [1, 2] })).toMatchObject({
    softirq: 3,
    cpu: null,
    why: expect.stringMatching(/RPS spreads/),
  });
  expect(of({ rps: null })).toMatchObject({
    softirq: 3,
    cpu: null,
    why: expect.stringMatching(/RPS setting could not be read/),
  });
});

it('follows the reader under RFS, which needs both settings', () => {
  expect(of({ rfsFlows: 512 }, 4096)).toMatchObject({ cpu: null, why: expect.stringMatching(/RFS moves/) });
  expect(of({ rfsFlows: 512, rps: [5] }, 4096).cpu).toBeNull();
  expect(of({ rfsFlows: 512 }, 0).cpu).toBe(3);
  expect(of({ rfsFlows: 0 }, 4096).cpu).toBe(3);
  expect(of({ rfsFlows: null }, 0).cpu).toBe(3);
  expect(of({ rfsFlows: null }, 4096)).toMatchObject({
    cpu: null,
    why: expect.stringMatching(/RFS setting could not be read/),
  });
  expect(of({ rfsFlows: 512 }, null)).toMatchObject({
    cpu: null,
    why: expect.stringMatching(/RFS setting could not be read/),
  });
});
