import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { map } from '../../src/cbpf/programs.ts';
import { startSlotProbe } from '../../src/host/slot-probe.ts';
import { readSlots } from '../../src/host/slots.ts';
import { readSockets } from '../../src/host/sockets.ts';
import type { Group } from '../../src/host/types.ts';
import { type Btf, kernelBtf } from '../../src/system/btf.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { type Opened, type SocketProcess, startSockets } from './sockets.ts';

const SO_REUSEADDR = 2;
const LINUX_5_10: Btf = {
  hasFunction: () => true,
  hasTracepoint: () => false,
  hasMember: () => false,
  memberOffset: () => null,
};
const kernel = openKernel();
const system = { files: openFiles('/'), kernel };
const inodesOf = (opened: readonly Opened[]) => opened.map(({ inode }) => inode);
const portOf = (opened: readonly Opened[]) => opened[0]?.port ?? 0;

describe('sockets of a real process', () => {
  let server: SocketProcess;
  beforeAll(async () => {
    await assertBpfAnswers();
    server = startSockets();
  });
  afterAll(() => server.stop());

  it('are read from the kernel as groups, in slot order, with the program', async () => {
    const five = await server.open('tcp', '127.0.0.1', 0, 5);
    const [a, b, c, d, e] = inodesOf(five);
    await server.close(b ?? 0);
    const joined = await server.open('tcp', '127.0.0.1', portOf(five), 1);
    // Longer than the group: 3 instructions are not all that can be read.
    const program = map(
      new Map([
        [0, 4],
        [1, 3],
        [7, 2],
      ]),
    );
    await server.attach(a ?? 0, program);
    const many = await server.open('tcp', '::1', 0, 200);
    const datagrams = await server.open('udp', '127.0.0.1', 0, 3);
    await server.connect(datagrams[1]?.inode ?? 0, 9);
    const multicast = await server.open('udp', '127.0.0.1', 0, 1, SO_REUSEADDR);
    await server.open('udp', '127.0.0.1', portOf(multicast), 1, SO_REUSEADDR);
    const single = await server.open('tcp', '127.0.0.1', 0, 1);
    const plain = await server.open('tcp', '127.0.0.1', 0, 1, null);

    const { groups, lone } = await readSockets(system, 'x86_64', {
      port: null,
      slots: true,
      sampleSeconds: 0.1,
    });
    const group = (id: string) => groups.find((each) => each.id === id);

    const small = group(`tcp 127.0.0.1:${portOf(five)}`);
    expect(small?.sockets.map(({ inode }) => inode)).toEqual([a, e, c, d, ...inodesOf(joined)]);
    expect(
      small?.sockets.every(({ slotSource, slot }, index) => slotSource === 'kernel' && slot === index),
    ).toBe(true);
    expect(small).toMatchObject({ size: 5, selection: 'cbpf', notes: [] });
    expect(small?.program).toMatchObject({ kind: 'cbpf', name: 'map', instructions: program });

    expect(group(`tcp [::1]:${portOf(many)}`)?.sockets.map(({ inode }) => inode)).toEqual(inodesOf(many));
    const udp = group(`udp 127.0.0.1:${portOf(datagrams)}`);
    expect(udp).toMatchObject({ selection: 'hash', program: null });
    expect(udp?.sockets.every(({ slotSource, packets }) => slotSource === 'kernel' && packets === 0)).toBe(
      true,
    );
    // connect() takes a socket out of its group on 6.18, and leaves it there on older kernels.
    const [x = 0, y = 0, z = 0] = inodesOf(datagrams);
    const slots = [
      [x, z],
      [x, y, z],
    ];
    expect(slots).toContainEqual(udp?.sockets.map(({ inode }) => inode));
    expect(group(`udp 127.0.0.1:${portOf(multicast)}`)).toBeUndefined();
    expect(group(`tcp 127.0.0.1:${portOf(single)}`)?.size).toBe(1);
    expect(lone).toContainEqual(expect.objectContaining({ inode: plain[0]?.inode, processes: 1 }));
  });

  it.each([
    ['each with its clients in turn', false],
    ['all before their clients', true],
  ])(
    'of UDP workers that connect() one for each client are in the groups that the kernel has: %s',
    async (_, early) => {
      const [first] = await server.open('udp', '127.0.0.1', 0, 1);
      if (first === undefined) throw new Error('no socket');
      const { port } = first;
      const listeners = [first.inode];
      const clients = async (worker: number) => {
        for (let client = 0; client < 3; client++) {
          const [opened] = await server.open('udp', '127.0.0.1', port, 1);
          await server.connect(opened?.inode ?? 0, 40_000 + 10 * worker + client);
        }
      };
      if (!early) await clients(0);
      for (let worker = 1; worker < 4; worker++) {
        listeners.push(...inodesOf(await server.open('udp', '127.0.0.1', port, 1)));
        if (!early) await clients(worker);
      }
      if (early) for (let worker = 0; worker < 4; worker++) await clients(worker);

      const { groups } = await readSockets(system, 'x86_64', { port, slots: true, sampleSeconds: 0 });
      const members = (each: Group | undefined) => each?.sockets.map(({ inode }) => inode) ?? [];
      const newcomers = groups.filter(({ newFlows }) => newFlows === true);
      expect(newcomers).toHaveLength(1);
      // All are listed, wherever they are; of the connected ones, those that a later bind() found.
      expect(groups.flatMap(members)).toEqual(expect.arrayContaining(listeners));
      expect(groups.every(({ kernelGroups }) => kernelGroups === groups.length)).toBe(true);
      expect(
        groups.flatMap(({ sockets }) => sockets).every(({ slotSource }) => slotSource === 'kernel'),
      ).toBe(true);

      const read = new Map<number, number>();
      for (let flow = 0; flow < 40; flow++)
        for (const [inode, count] of Object.entries(await server.exchange(port, 1)))
          read.set(Number(inode), (read.get(Number(inode)) ?? 0) + count);
      const served = listeners.filter((inode) => (read.get(inode) ?? 0) > 0);
      expect(members(newcomers[0])).toEqual(expect.arrayContaining(served));
      const unconnected = newcomers[0]?.sockets.filter(({ connected }) => connected === false);
      // 40 flows miss one of four sockets once in 100,000.
      expect(unconnected?.map(({ inode }) => inode).sort()).toEqual(served.sort());
    },
  );

  it('count exactly the datagrams that are read', async () => {
    const opened = await server.open('udp', '127.0.0.1', 0, 3);
    const probe = await startSlotProbe(true, kernelBtf(), () => undefined);
    const read = await server.exchange(portOf(opened), 23);
    const packets = await probe.stop();
    expect(inodesOf(opened).map((inode) => packets?.get(inode) ?? 0)).toEqual(
      inodesOf(opened).map((inode) => read[inode]),
    );
    expect(Object.values(read).reduce((sum, count) => sum + count, 0)).toBe(23);
  });

  it('are read on a kernel that lacks what newer ones have', async () => {
    const opened = await server.open('udp', '127.0.0.1', 0, 2);
    const [{ fd, inode } = { fd: -1, inode: 0 }] = opened;
    const request = { id: 'group', pid: server.pid, fd, inode, cookie: null, size: 2 };
    const sample = { sampleSeconds: 1 };
    const { groups, packets, seconds, notes } = await readSlots(kernel, [request], sample, LINUX_5_10);
    expect(groups.get('group')).toMatchObject([{ slots: inodesOf(opened), incomingCpuHonoured: false }]);
    expect([packets, seconds]).toEqual([null, null]);
    expect(notes).toEqual([expect.stringMatching(/^datagrams were not sampled/)]);
  });

  it('are not taken for others when a descriptor was closed, or names another socket by now', async () => {
    const opened = await server.open('tcp', '127.0.0.1', 0, 2);
    const [one, two] = opened;
    if (one === undefined || two === undefined) throw new Error('no sockets');
    const request = { pid: server.pid, fd: one.fd, inode: one.inode, cookie: null, size: 2 };
    const { groups, notes } = await readSlots(
      kernel,
      [
        { ...request, id: 'right' },
        { ...request, id: 'reused', inode: two.inode },
        { ...request, id: 'renumbered', cookie: 1n },
        { ...request, id: 'closed', fd: 9999 },
        { ...request, id: 'gone', pid: 0x3fffff },
      ],
      { sampleSeconds: 0 },
    );
    expect(groups.get('right')).toMatchObject([{ slots: inodesOf(opened) }]);
    expect(groups.get('reused')).toMatch(/has become another socket/);
    expect(groups.get('renumbered')).toMatch(/has become another socket/);
    expect(groups.get('closed')).toMatch(/could not be duplicated \(EBADF\)/);
    expect(groups.get('gone')).toMatch(/could not be duplicated \(ESRCH\)/);
    expect(notes).toEqual([]);
  });
});
