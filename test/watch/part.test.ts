import { expect, it } from 'vitest';
import { fromHost } from '../../src/watch/baseline.ts';
import { interfacesOf, partOf, partOfBaseline } from '../../src/watch/part.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';

const veth = (name: string) => ({ ...nic({ name }), busInfo: null, irqs: [] });
const bond = { ...veth('bond0'), lowerDevices: ['eth0'] };
const machine = host({
  nics: [nic({ queues: 2 }), bond, veth('veth1'), veth('veth2')],
  groups: [group({ workers: pinned(0, 1) }), group({ protocol: 'udp', port: 53, workers: pinned(0, 1) })],
});
const all = { ifaces: [], ports: [] };
const names = (...from: Parameters<typeof partOf>) => partOf(...from).nics.map(({ name }) => name);

it('of all interfaces is hardware, with bonds of it, and what is named', () => {
  expect(names(machine, all, new Set())).toEqual(['eth0', 'bond0']);
  expect(names(machine, all, new Set(['veth2']))).toEqual(['eth0', 'bond0', 'veth2']);
  expect(names(machine, { ...all, ifaces: ['veth1'] }, new Set(['veth1']))).toEqual(['veth1']);
});

it('is everything in a namespace without hardware', () => {
  const container = { ...machine, nics: [veth('eth0'), veth('eth1')] };
  expect(names(container, all, new Set())).toEqual(['eth0', 'eth1']);
});

it('has the groups and settings of its ports and interfaces', () => {
  expect(partOf(machine, { ifaces: [], ports: [53] }, new Set()).groups.map(({ port }) => port)).toEqual([
    53,
  ]);
  const baseline = fromHost(machine, all, 'now');
  const part = partOfBaseline(baseline, { ifaces: ['eth0'], ports: [53] });
  expect(new Set(interfacesOf(part))).toEqual(new Set(['eth0']));
  expect([...part.sizes.keys()]).toEqual(['udp 0.0.0.0:53']);
});
