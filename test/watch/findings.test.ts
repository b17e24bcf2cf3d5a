/** Findings that come and go are events, whatever the baseline says. */
import { expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import type { Target } from '../../src/tune/types.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { SimulatedMachine } from './simulated-machine.ts';

const server = (pid: number, cpu: number) => ({ owners: [owner([cpu], { pid, tid: pid })] });
const findingsOf = ({ events }: SimulatedMachine) =>
  events.flatMap(({ kind, subject, to }) =>
    kind === 'finding' ? [`${to === null ? 'no ' : ''}${subject}`] : [],
  );

async function watched(start: Host): Promise<SimulatedMachine> {
  const machine = new SimulatedMachine(start, { kinds: [] });
  await machine.pass(1);
  return machine;
}

it('an interrupt that lands on an isolated CPU', async () => {
  const made = host({
    cpus: 8,
    nics: [nic({ queues: 4, xps: true })],
    groups: [group({ workers: pinned(0, 1, 2, 3), program: 'cpu' })],
  });
  const cpus = { ...made.machine.cpus, isolated: [7] };
  const machine = await watched({ ...made, machine: { ...made.machine, cpus } });
  const irq: Target = { kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [2], irq: 34, name: 'eth0-TxRx-2' };
  machine.change({ target: irq, to: '7' }, null, null);
  await machine.pass(60);
  expect(findingsOf(machine)).toContain('irq-on-isolated-cpu eth0');
  machine.change({ target: irq, to: '2' }, null, null);
  await machine.pass(60);
  expect(findingsOf(machine)).toContain('no irq-on-isolated-cpu eth0');
});

it('a slot that nobody serves', async () => {
  const workers = range(4).map((slot) => ({ cpu: slot, slot, more: server(100 + slot, slot) }));
  const machine = await watched(
    host({ cpus: 4, nics: [nic({ queues: 4, xps: true })], groups: [group({ workers, program: 'cpu' })] }),
  );
  const [only] = machine.host.groups;
  if (only === undefined) throw new Error('no group');
  const [first, ...others] = only.sockets;
  if (first === undefined) throw new Error('no socket');
  const idle = { ...first, owners: [], holders: [{ pid: 99, fd: 5 }] };
  machine.host = { ...machine.host, groups: [{ ...only, sockets: [idle, ...others] }] };
  machine.watcher.hear({ about: 'machine' });
  await machine.pass(5);
  expect(findingsOf(machine)).toContain(`slot-unserved ${only.id}`);
});

it('two processes in one UDP group, of which the program leaves out the second', async () => {
  const workers = (pid: number, inodes: number) =>
    range(4).map((slot) => ({ cpu: slot, more: { inode: inodes + slot, ...server(pid, slot) } }));
  const udp = (pids: readonly number[]) =>
    group({ protocol: 'udp', workers: pids.flatMap((pid) => workers(pid, pid)), program: 'cpu' });
  const machine = await watched(
    host({ cpus: 4, nics: [nic({ queues: 4, xps: true })], groups: [udp([100])] }),
  );
  const [old] = machine.host.groups;
  // It joined before the old one ended: the program still counts to four.
  machine.host = { ...machine.host, groups: [{ ...udp([100, 200]), program: old?.program ?? null }] };
  await machine.pass(10);
  expect(machine.events[0]).toMatchObject({
    kind: 'generation',
    to: '8 sockets, 2 workers',
    cause: '1 worker came',
  });
  expect(findingsOf(machine)).toContain(`program-starves-slots ${old?.id}`);
});
