import { describe, expect, it } from 'vitest';
import type { LoneSocket } from '../../src/host/types.ts';
import { agreed, arrivalsOf, type Explanation, explain } from '../../src/path/explain.ts';
import { portsByQueue } from '../../src/path/explain-ports.ts';
import { AS_IT_IS, walker } from '../../src/path/explain-walk.ts';
import { joinPaths } from '../../src/path/join.ts';
import { NOTHING_GIVEN } from '../../src/path/rss-hash.ts';
import { group, type HostFacts, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { flow, flowsTo, keyed } from './flows.ts';

/** Microsoft's first vector: entry 120 of 128. */
const FLOW = 'tcp 66.9.149.187:2794 161.142.100.80:1766';
const workers = pinned(0, 1, 2, 3);
const web = group({ port: 1766, workers, program: 'cpu' });

function explained(
  facts: HostFacts,
  text = FLOW,
  iface: string | null = null,
  options = AS_IT_IS,
): Explanation {
  const machine = host(facts);
  const arrivals = arrivalsOf(machine, flow(text), iface);
  if ('names' in arrivals) return expect.fail(`which of ${arrivals.names}?`);
  return agreed(explain(walker(machine, options), flow(text), arrivals)) ?? expect.fail('nothing explained');
}

const step = ({ steps }: Explanation, what: string) => steps.find((each) => each.what === what);

describe('explain', () => {
  it('covers the whole path, rx and tx', () => {
    const eth = keyed({ queues: 4, xps: true, irqCpus: [3, 2, 1, 0] });
    expect(explained({ nics: [eth], groups: [web] })).toMatchObject({
      flow: FLOW,
      nic: 'eth0',
      hash: 0x51ccc178,
      hashInput: '420995bba18e64500aea06e6',
      table: { entry: 120, size: 128 },
      queue: 0,
      irq: 32,
      cpu: 3,
      group: 'tcp 0.0.0.0:1766',
      slot: 3,
      worker: { pid: 1003, cpus: [3] },
      txQueue: 0,
      localShare: 1,
    });
  });

  it('follows an XDP program to the CPU that it chooses', () => {
    const eth = keyed({ queues: 4, xps: true, irqCpus: [3, 2, 1, 0] });
    const facts = { nics: [eth], groups: [web] };
    const to = (cpu: number | null) => ({
      ...AS_IT_IS,
      redirect: () => ({ cpu, anyOf: cpu === null ? [0, 1, 2, 3] : [], native: true, why: 'xdp spread' }),
    });
    const found = explained(facts, FLOW, null, to(2));
    expect(found).toMatchObject({ queue: 0, cpu: 2, slot: 2, worker: { cpus: [2] }, localShare: 1 });
    expect(step(found, 'CPU')?.value).toBe(3);
    expect(step(found, 'XDP')).toEqual({ what: 'XDP', value: 2, why: 'xdp spread', chance: null });
    const any = explained(facts, FLOW, null, to(null));
    expect(any).toMatchObject({ cpu: null, slot: null, worker: null });
    expect(step(any, 'XDP')).toMatchObject({ value: null, chance: 0.25 });
  });

  it('agrees with the paths of the queue, whatever decides', () => {
    for (const program of ['cpu', 'rand', 'hash', new Map([[0, 2]]), undefined] as const) {
      const facts = {
        nics: [keyed({ queues: 4, xps: true })],
        groups: [group({ port: 1766, workers, ...(program && { program }) })],
      };
      const { slot, worker, localShare, queue } = explained(facts);
      expect({ slot, worker, localShare }).toEqual(
        (({ slot, worker, localShare }) => ({ slot, worker, localShare }))(
          joinPaths(host(facts)).find((path) => path.rxQueue === queue) ?? expect.fail('no path'),
        ),
      );
    }
  });

  it('by hash gives a chance, because the seed is not known', () => {
    const hashed = explained({ nics: [keyed({ queues: 4 })], groups: [group({ port: 1766, workers })] });
    expect(hashed).toMatchObject({ slot: null, worker: null, localShare: 0.25 });
    expect(step(hashed, 'slot')).toMatchObject({ value: null, chance: 0.25 });
    expect(hashed.steps.at(-1)).toMatchObject({ what: 'locality', value: null, chance: 0.25 });
  });

  it('knows the slot of a program that chooses by the sender, even if the CPU is not known', () => {
    const rendezvous = group({
      port: 1766,
      workers,
      program: [
        [0x28, 0, 0, 0xfff00014],
        [0x94, 0, 0, 4],
        [0x16, 0, 0, 0],
      ],
    });
    const far = explained({ nics: [keyed({ queues: 4, rps: [0, 1, 2, 3] })], groups: [rendezvous] });
    expect(far).toMatchObject({ cpu: null, slot: 2794 % 4, worker: { pid: 1002 }, localShare: null });
    expect(step(far, 'RPS')).toMatchObject({ value: null, chance: 0.25 });
    const near = explained({ nics: [keyed({ queues: 4, rps: [2] })], groups: [rendezvous] });
    expect(near).toMatchObject({ cpu: 2, slot: 2, localShare: 1 });
  });

  it('is null, not wrong, if the machine does not show it', () => {
    const facts = { groups: [web] };
    expect(explained({ ...facts, nics: [nic({ queues: 4 })] })).toMatchObject({
      hash: null,
      queue: null,
      cpu: null,
      slot: null,
      localShare: null,
    });
    expect(explained({ ...facts, nics: [keyed({ queues: 4, irqCpus: [[0, 1], 1, 2, 3] })] })).toMatchObject({
      queue: 0,
      cpu: null,
      slot: null,
    });
    expect(explained({ ...facts, nics: [keyed({ queues: 2, rss: [7, 7] })] })).toMatchObject({
      queue: 7,
      irq: null,
      cpu: null,
      localShare: null,
    });
    const ebpf = group({
      port: 1766,
      workers,
      more: { selection: 'ebpf', program: { kind: 'ebpf', name: 'x', asm: null, instructions: null } },
    });
    expect(explained({ nics: [keyed({ queues: 4 })], groups: [ebpf] })).toMatchObject({
      cpu: 0,
      slot: null,
      localShare: null,
    });
  });

  it('over loopback needs the sending CPU', () => {
    const local = 'tcp 127.0.0.1:40000 127.0.0.1:1766';
    expect(explained({ nics: [keyed({ queues: 4 })], groups: [web] }, local)).toMatchObject({
      nic: 'lo',
      hash: null,
      cpu: null,
      slot: null,
    });
    expect(explained({ groups: [web] }, local, null, { ...AS_IT_IS, cpu: 2 })).toMatchObject({
      cpu: 2,
      slot: 2,
      localShare: 1,
      txQueue: 0,
    });
  });

  it('below a bond says what holds for every port', () => {
    const bond = nic({
      name: 'bond0',
      lowerDevices: ['eth0', 'eth1'],
      rss: null,
      more: { rxQueues: [], irqs: [] },
    });
    const ports = [
      keyed({ name: 'eth0', queues: 4 }),
      keyed({ name: 'eth1', queues: 4, irqCpus: [2, 1, 0, 3] }),
    ];
    const either = explained({ nics: [...ports, bond], groups: [web] });
    expect(either).toMatchObject({
      nic: null,
      hash: 0x51ccc178,
      queue: 0,
      cpu: null,
      slot: null,
      localShare: 1,
    });
    expect(step(either, 'CPU')?.why).toBe('by NIC: eth0 0, eth1 2');
    const steered = [ports[0] ?? expect.fail(), keyed({ name: 'eth1', queues: 4, rps: [3] })];
    const moved = explained({ nics: [...steered, bond], groups: [web] });
    expect([moved.cpu, step(moved, 'RPS')?.why]).toEqual([null, 'by NIC: eth0 -, eth1 3']);
    const hashed = { groups: [group({ port: 1766, workers: pinned(0, 0, 2, 3) })] };
    expect(step(explained({ ...hashed, nics: [...ports, bond] }), 'locality')).toMatchObject({
      value: null,
      chance: null,
    });
    expect(explained({ nics: [...ports, bond], groups: [web] }, FLOW, 'eth1')).toMatchObject({
      nic: 'eth1',
      cpu: 2,
    });
  });

  it('below a bond goes by the port that is in use', () => {
    const port = (name: string, standby: boolean) =>
      keyed({ name, queues: 4, more: { standby, driver: 'ixgbe' } });
    const bond = nic({
      name: 'bond0',
      lowerDevices: ['eth0', 'eth1', 'eth2'],
      more: { rxQueues: [], irqs: [] },
    });
    const only = explained(
      { nics: [port('eth0', true), port('eth1', false), port('eth2', true), bond] },
      FLOW,
      'bond0',
    );
    expect(only.nic).toBe('eth1');
    expect(step(only, 'interface')?.why).toBe('below bond0, which has its other ports on standby');
    const two = explained(
      { nics: [port('eth0', true), port('eth1', false), port('eth2', false), bond] },
      FLOW,
      'bond0',
    );
    expect(step(two, 'interface')?.why).toContain('one of 2 below bond0 that are not on standby');
  });

  it('asks for the interface if several are possible', () => {
    const two = host({ nics: [keyed({ name: 'eth0', queues: 2 }), keyed({ name: 'eth1', queues: 2 })] });
    expect(arrivalsOf(two, flow(FLOW), null)).toEqual({ names: ['eth0', 'eth1'] });
    expect(arrivalsOf(two, flow(FLOW), 'eth9')).toEqual({ names: ['eth0', 'eth1'] });
  });

  it('prepares once for 10,000 flows', () => {
    const machine = host({
      cpus: 512,
      nics: [keyed({ queues: 128 })],
      groups: [group({ port: 80, workers: pinned(...range(512)) })],
    });
    const [arrival] = [arrivalsOf(machine, flow('tcp 1.1.1.1:1 2.2.2.2:80'), null)].flatMap((each) =>
      'names' in each ? [] : each,
    );
    const walk = walker(machine);
    const queues = flowsTo('192.0.2.10:80', 10_000).map(
      (each) => walk(each, arrival ?? expect.fail('none')).landing.queue,
    );
    const counts = Map.groupBy(queues, (queue) => queue);
    expect(counts.size).toBe(128);
    expect(counts.has(null)).toBe(false);
  });
});

describe('who takes a flow', () => {
  const groupAt = (address: string, device: string | null = null) =>
    group({ address, device, port: 1766, workers });
  const taken = (groups: readonly ReturnType<typeof groupAt>[], text = FLOW) =>
    explained({ nics: [keyed({ queues: 2 })], groups }, text).group;
  const [exact, any, six, onDevice, elsewhere] = [
    groupAt('161.142.100.80'),
    groupAt('0.0.0.0'),
    groupAt('::'),
    groupAt('0.0.0.0', 'eth0'),
    groupAt('161.142.100.80', 'eth1'),
  ];

  it('is a socket of its address, then one of any address, and none that is bound to another device', () => {
    expect(taken([any, six, onDevice, elsewhere, exact])).toBe(exact.id);
    expect(taken([six, any, elsewhere])).toBe(any.id);
    expect(taken([six, elsewhere])).toBe(six.id);
    expect(taken([elsewhere])).toBeNull();
  });

  it('is the one of several groups of a port that takes new flows', () => {
    const split = { ...exact, id: `${exact.id} group 2`, newFlows: false };
    expect(taken([split, exact])).toBe(exact.id);
  });

  it('is not known where the order in which groups were bound decides', () => {
    expect(taken([any, onDevice])).toBeNull();
    expect(taken([six, groupAt('::', 'eth0')])).toBeNull();
    expect(taken([any, groupAt('::', 'eth0')])).toBe(any.id);
  });

  it('over IPv6 is not an IPv4 socket', () => {
    const text = 'tcp [2001:db8::7]:2794 [2001:db8::1]:1766';
    expect(taken([any, six], text)).toBe(six.id);
    expect(taken([any], text)).toBeNull();
    expect(taken([six, groupAt('2001:db8::1')], text)).toBe('tcp [2001:db8::1]:1766');
  });

  it('may be a socket without a group', () => {
    const lone: LoneSocket = {
      id: 'tcp 161.142.100.80:1766',
      protocol: 'tcp',
      address: '161.142.100.80',
      port: 1766,
      device: null,
      inode: 7,
      owners: [owner([0])],
      processes: 1,
      recvQueue: 0,
      drops: 0,
    };
    const facts = { nics: [keyed({ queues: 2 })], groups: [any] };
    const only = explained({ ...facts, more: { lone: [lone] } });
    expect(only).toMatchObject({ group: null, slot: null, worker: { pid: 1000 }, localShare: 1 });
    expect(step(only, 'locality')?.why).toBe('worker on CPU 0');
    expect(explained({ ...facts, more: { lone: [lone, lone] } })).toMatchObject({
      worker: null,
      localShare: null,
    });
  });
});

describe('client ports by queue', () => {
  const eth = keyed({ queues: 4 });
  const arrival = { nic: eth, devices: new Set(['eth0']), why: '' };

  it('reach their queue', () => {
    const found = portsByQueue(flow(FLOW), arrival, NOTHING_GIVEN, 3);
    if (typeof found === 'string') return expect.fail(found);
    expect(found.map(({ queue, ports }) => [queue, ports.length])).toEqual(
      [0, 1, 2, 3].map((queue) => [queue, 3]),
    );
    for (const { queue, ports } of found)
      for (const port of ports)
        expect(explained({ nics: [eth] }, FLOW.replace(':2794', `:${port}`)).queue).toBe(queue);
  });

  it('are none if only addresses are hashed, except for the queue that these reach', () => {
    const found = portsByQueue(flow(FLOW.replace('tcp', 'udp')), arrival, NOTHING_GIVEN, 2);
    expect(Array.isArray(found) && found.map(({ ports }) => ports.length).sort()).toEqual([0, 0, 0, 2]);
  });

  it('are not guessed', () => {
    expect(portsByQueue(flow(FLOW), { ...arrival, nic: nic({ queues: 4 }) }, NOTHING_GIVEN, 2)).toBe(
      'the driver does not show its RSS key',
    );
  });
});
