import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/cbpf/programs.ts';
import { type Served, toGroups, toLone } from '../../src/host/groups.ts';
import type { SlotReading } from '../../src/host/inquiry.ts';
import { type Listener, toListeners } from '../../src/host/listeners.ts';
import type { Group, Owner } from '../../src/host/types.ts';
import type { DiagSocket } from '../../src/system/types.ts';
import { diagSocket } from './diag-socket.ts';

const nobody: Served = {
  owners: new Map(),
  holders: new Map(),
  netns: 1,
  packets: null,
  sampledSeconds: null,
};

function listener(...sockets: readonly Partial<DiagSocket>[]): Listener {
  const [first] = toListeners(sockets.map(diagSocket), new Map(), null);
  if (first === undefined) throw new Error('no listener');
  return first;
}

/** The one group of a listener. */
function toGroup(of: Listener, read: SlotReading | string, guess: boolean, served: Served): Group {
  const [group, ...others] = toGroups(of, typeof read === 'string' ? read : [read], guess, served);
  if (group === undefined || others.length > 0) throw new Error('not one group');
  return group;
}

const reading = (...slots: readonly number[]): SlotReading => ({
  slots,
  incomingCpus: slots.map(() => null),
  selection: 'hash',
  program: null,
  incomingCpuHonoured: true,
  addresses: { group: 0n, program: 0n, sockets: slots },
});

const owner = (pid: number, ...cpus: readonly number[]): Owner => ({
  pid,
  tid: pid,
  comm: 'w',
  fd: 3,
  via: 'epoll',
  unit: null,
  container: null,
  cpus,
});

describe('a group', () => {
  it('has the sockets in the kernel’s order, joined with who serves them', () => {
    const owners = new Map([
      [21, [owner(100, 4)]],
      [22, [owner(101, 5), owner(102, 5, 6)]],
    ]);
    const group = toGroup(listener({ inode: 21 }, { inode: 22, recvQueue: 3 }), reading(22, 21), true, {
      ...nobody,
      owners,
    });
    expect(group).toMatchObject({
      id: 'tcp 127.0.0.1:8080',
      size: 2,
      selection: 'hash',
      netns: 1,
      notes: [],
    });
    expect(group.sockets).toMatchObject([
      { inode: 22, slot: 0, slotSource: 'kernel', cpus: [5, 6], recvQueue: 3 },
      { inode: 21, slot: 1, slotSource: 'kernel', cpus: [4], recvQueue: 0 },
    ]);
  });

  it('names a program of ours, and shows any', () => {
    const ours: SlotReading = {
      ...reading(21),
      selection: 'cbpf',
      program: { kind: 'cbpf', instructions: cpu(1) },
    };
    expect(toGroup(listener({ inode: 21 }), ours, true, nobody).program).toEqual({
      kind: 'cbpf',
      name: 'cpu',
      asm: 'ld cpu\nmod #1\nret a',
      instructions: cpu(1),
    });
    const foreign: SlotReading = {
      ...reading(21),
      selection: 'ebpf',
      program: { kind: 'ebpf', name: 'quic' },
    };
    expect(toGroup(listener({ inode: 21 }), foreign, true, nobody).program).toEqual({
      kind: 'ebpf',
      name: 'quic',
      asm: null,
      instructions: null,
    });
  });

  it('gives the reason first if the kernel did not answer, and calls a guess a guess', () => {
    const group = toGroup(listener({ inode: 1030 }, { inode: 1025 }), 'bpftrace needs root', true, nobody);
    expect(group).toMatchObject({ selection: null, program: null, incomingCpuHonoured: null });
    expect(group.sockets.map(({ inode, slot, slotSource }) => [inode, slot, slotSource])).toEqual([
      [1025, 0, 'guess'],
      [1030, 1, 'guess'],
    ]);
    expect(group.notes).toEqual(['bpftrace needs root', expect.stringMatching(/^slots are guessed/)]);
  });

  it('does not even guess if inode numbers do not show the age', () => {
    const slots = (guess: boolean, ...inodes: readonly number[]) =>
      toGroup(listener(...inodes.map((inode) => ({ inode }))), 'why', guess, nobody).sockets.map(
        ({ slot }) => slot,
      );
    // 1024 ends one CPU's batch, 1025 begins another's.
    expect(slots(true, 1024, 1025)).toEqual([null, null]);
    expect(slots(true, 1025, 2048)).toEqual([0, 1]);
    expect(slots(false, 1025, 2048)).toEqual([null, null]);
  });

  it('shows a connected member in its slot, and reports an unexpected one', () => {
    const udp = listener(
      { protocol: 'udp', inode: 21 },
      { protocol: 'udp', inode: 22, peerPort: 9, recvQueue: 5 },
    );
    const group = toGroup(udp, reading(21, 22, 99), true, nobody);
    expect(group.sockets.map(({ inode, recvQueue }) => [inode, recvQueue])).toEqual([
      [21, 0],
      [22, 5],
      [99, null],
    ]);
    expect(group.notes).toEqual(['the group changed while it was read']);
  });

  it('counts datagrams for UDP only, and zero where none was read', () => {
    const sampled: Served = { ...nobody, packets: new Map([[21, 23]]), sampledSeconds: 1.01 };
    const udp = toGroup(
      listener({ protocol: 'udp', inode: 21 }, { protocol: 'udp', inode: 22 }),
      reading(21, 22),
      true,
      sampled,
    );
    expect(udp.sockets.map(({ packets }) => packets)).toEqual([23, 0]);
    expect(udp.sampledSeconds).toBe(1.01);
    const tcp = toGroup(listener({ inode: 21 }), reading(21), true, sampled);
    expect([tcp.sockets[0]?.packets, tcp.sampledSeconds]).toEqual([null, null]);
  });
});

describe('several groups of one port', () => {
  const udp = (inode: number, peerPort = 0) => ({ protocol: 'udp', inode, peerPort }) as const;
  // In the kernel's order: 24 was bound last, so a lookup meets it first.
  const port = listener(udp(24), udp(31, 9), udp(22), udp(32, 9), udp(21));

  it('are each a group; the one of the socket that a lookup meets first takes new flows', () => {
    const groups = toGroups(port, [reading(21), reading(32, 22), reading(31, 24)], true, nobody);
    expect(groups.map(({ id, newFlows, kernelGroups, size }) => [id, newFlows, kernelGroups, size])).toEqual([
      ['udp 127.0.0.1:8080', true, 3, 2],
      ['udp 127.0.0.1:8080 group 2', false, 3, 1],
      ['udp 127.0.0.1:8080 group 3', false, 3, 2],
    ]);
    expect(groups.map(({ notes }) => notes)).toEqual([
      [
        'connect() has split the sockets of this port into 3 groups: this one takes every new flow, and the other 3 sockets take none',
      ],
      ['connect() has split the sockets of this port into 3 groups: this one takes no new flow'],
      ['connect() has split the sockets of this port into 3 groups: this one takes no new flow'],
    ]);
    expect(groups[0]?.sockets.map(({ inode, connected }) => [inode, connected])).toEqual([
      [31, true],
      [24, false],
    ]);
  });

  it('are of unknown use where the first socket’s group was not read', () => {
    const groups = toGroups(port, [reading(21), reading(32, 22)], true, nobody);
    expect(groups.map(({ newFlows }) => newFlows)).toEqual([null, null]);
    expect(groups[0]?.notes).toEqual([
      'connect() has split the sockets of this port into 2 groups: which of them takes new flows is not known',
    ]);
  });

  it('of TCP are one', () => {
    expect(toGroup(listener({ inode: 21 }), reading(21), true, nobody)).toMatchObject({
      newFlows: true,
      kernelGroups: 1,
    });
    expect(toGroup(listener({ inode: 21 }), 'why', true, nobody)).toMatchObject({
      newFlows: null,
      kernelGroups: null,
    });
  });
});

describe('a lone socket', () => {
  const lone = (socket: Partial<DiagSocket>, owners: readonly Owner[] = []) =>
    toLone(listener({ inode: 21, ...socket }), new Set(), { ...nobody, owners: new Map([[21, owners]]) });

  it('is every TCP listener, with how many processes share it', () => {
    expect(lone({}, [owner(1), { ...owner(1), tid: 2 }, owner(3)])).toMatchObject([
      { id: 'tcp 127.0.0.1:8080', processes: 2 },
    ]);
  });

  it('is a UDP socket that is shared or shows traffic, not any idle one', () => {
    expect(lone({ protocol: 'udp' }, [owner(1)])).toEqual([]);
    expect(lone({ protocol: 'udp' }, [owner(1), owner(2)])).toHaveLength(1);
    expect(lone({ protocol: 'udp', recvQueue: 1 })).toHaveLength(1);
    expect(lone({ protocol: 'udp', drops: 1 })).toHaveLength(1);
  });

  it('is not one that a group has', () => {
    expect(toLone(listener({ inode: 21 }), new Set([21]), nobody)).toEqual([]);
  });
});
