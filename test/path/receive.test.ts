import { describe, expect, it } from 'vitest';
import type { Nic } from '../../src/host/types.ts';
import { anyReceiver, receiver } from '../../src/path/receive.ts';
import { host, type NicFacts, nic, veth } from '../fixtures/hosts.ts';

const of = (facts: NicFacts, rpsSockFlowEntries: number | null = 0) => {
  const made = nic({ irqCpus: [3], ...facts });
  const [queue] = made.rxQueues;
  if (queue === undefined) throw new Error('a NIC without queues');
  return receiver(made, queue, host({ rpsSockFlowEntries }).machine);
};

it("is the CPU of the queue's IRQ", () => {
  expect(of({})).toEqual({ softirq: 3, cpu: 3, anyOf: [], why: null });
  expect(of({ threadedNapi: null })).toEqual({ softirq: 3, cpu: 3, anyOf: [], why: null });
});

it('is the one CPU that RPS names, whatever the IRQ does', () => {
  expect(of({ rps: [5] })).toEqual({
    softirq: 3,
    cpu: 5,
    anyOf: [],
    why: 'RPS moves packets to CPU 5',
  });
  expect(of({ rps: [3] })).toEqual({ softirq: 3, cpu: 3, anyOf: [], why: null });
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

describe('a NIC without interrupts', () => {
  const machine = host({ cpus: [0, 1, 3] }).machine;
  const at = (made: Nic, queue = 0) =>
    receiver(made, made.rxQueues[queue] ?? expect.fail('no queue'), machine);
  const named = (name: string, driver: string | null) => veth({ name, more: { driver } });

  it('is received by the CPU that sends, any that is online', () => {
    for (const [name, driver, why] of [
      ['eth0', 'veth', 'a veth has no IRQ and no RSS: packets are received on the CPU that sends them'],
      ['lo', null, 'loopback has no IRQ and no RSS: packets are received on the CPU that sends them'],
      [
        'tap0',
        'tun',
        'a tun or tap device has no IRQ and no RSS: packets are received on the CPU of the process that writes them',
      ],
    ] as const)
      expect(at(named(name, driver))).toEqual({ softirq: null, cpu: null, anyOf: [0, 1, 3], why });
  });

  it('is received where the device below is, in another namespace', () => {
    expect(at(named('eth0', 'macvlan'))).toMatchObject({
      cpu: null,
      anyOf: [],
      why: expect.stringMatching(/^a macvlan has .* the device below it receives them, which is in another/),
    });
    expect(at(veth({ lowerDevices: ['eth1'] })).anyOf).toEqual([]);
  });

  it('is where RPS says, one CPU or any of several', () => {
    expect(at(veth({ rps: [1] }))).toMatchObject({ cpu: 1, anyOf: [], why: 'RPS moves packets to CPU 1' });
    expect(at(veth({ rps: [0, 3] }))).toMatchObject({
      cpu: null,
      anyOf: [0, 3],
      why: 'RPS spreads the packets over several CPUs',
    });
    const [first, second] = veth({ queues: 2 }).rxQueues;
    const differs = veth({ more: { rxQueues: [first, { ...second, rps: [1] }] as Nic['rxQueues'] } });
    expect(at(differs, 0).anyOf).toEqual([0, 1, 3]);
    expect(at(differs, 1)).toMatchObject({
      cpu: null,
      anyOf: [],
      why: expect.stringMatching(/^RPS differs/),
    });
    expect(anyReceiver(differs, machine)).toEqual(at(differs, 1));
  });

  it('is not known where kernel threads receive, and threads that are not there receive nothing', () => {
    const thread = { pid: 7, comm: 'napi/eth0-8193', napi: 8193, rx: [], tx: [], cpus: null };
    const threaded = (napiThreads: Nic['napiThreads']) =>
      at(veth({ threadedNapi: true, more: { napiThreads } }));
    for (const napiThreads of [[thread], null])
      expect(threaded(napiThreads)).toMatchObject({
        anyOf: [],
        why: expect.stringMatching(/^threaded NAPI/),
      });
    expect(threaded([]).anyOf).toEqual([0, 1, 3]);
  });
});
