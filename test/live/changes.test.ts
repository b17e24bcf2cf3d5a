import { describe, expect, it } from 'vitest';
import { withSlots } from '../../src/host/known-slots.ts';
import { SLOTS_UNREAD } from '../../src/host/sockets.ts';
import type { Group, Host, Nic } from '../../src/host/types.ts';
import { changesBetween } from '../../src/live/changes.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';

const machine = (nics: readonly Nic[], groups: readonly Group[] = []): Host => ({
  ...host({ nics: [...nics] }),
  groups,
});
const eth0 = (irqCpus: number[]) => nic({ queues: irqCpus.length, firstIrq: 58, irqCpus, xps: true });

describe('changesBetween', () => {
  it('gives nothing for an unchanged machine', () => {
    const now = machine([eth0([0, 1])], [group({ workers: pinned(0, 1) })]);
    expect(changesBetween(now, structuredClone(now))).toEqual([]);
  });

  it('names IRQs that moved, by number and name, up to a limit', () => {
    const [before, after] = [machine([eth0(range(8))]), machine([eth0([0, 1, 2, 3, 4, 5, 6, 5])])];
    const [moved] = changesBetween(before, after);
    expect(moved).toMatch(/^irq 65 \(.*\): affinity 7 -> 5$/);
    const all = changesBetween(before, machine([eth0(range(8).map((cpu) => (cpu + 1) % 8))]));
    expect(all.filter((line) => line.startsWith('irq '))).toHaveLength(6);
    expect(all).toContain('affinity of 2 more were changed');
  });

  it('names the CPUs that went offline or came online', () => {
    const of = (cpus: number | number[]) => host({ cpus });
    expect(changesBetween(of(8), of([0, 1, 2, 3, 7]))).toEqual(['CPU 4-6 went offline']);
    expect(changesBetween(of([0, 1]), of(4))).toEqual(['CPU 2-3 came online']);
  });

  it('reports a socket whose worker is gone, and which process took it over', () => {
    const served = group({ workers: pinned(0, 1) });
    const [first, ...others] = served.sockets;
    if (first === undefined) throw new Error('no sockets');
    const [owner] = first.owners;
    if (owner === undefined) throw new Error('no worker');
    const by = (...owners: (typeof owner)[]) =>
      machine([], [{ ...served, sockets: [{ ...first, owners }, ...others] }]);
    const name = `${served.id}: slot 0 (${owner.comm} ${owner.pid})`;
    expect(changesBetween(by(owner), by())).toEqual([`${name}: now served by no process`]);
    expect(changesBetween(by(owner), by({ ...owner, pid: 4242, tid: 4242 }))).toEqual([
      `${name}: now served by ${owner.comm} 4242`,
    ]);
    expect(changesBetween(by(owner), by({ ...owner, tid: null }))).toEqual([]);
    // Busy at that moment, while its parent holds the socket, too.
    const held = [owner, { ...owner, pid: 4242 }].map((each) => ({ ...each, via: 'fd' as const }));
    expect(changesBetween(by(owner), by(...held))).toEqual([]);
    expect(changesBetween(by(...held), by(owner))).toEqual([]);
  });

  it('reports groups that come, go, grow, are reordered, or lose their program', () => {
    const four = group({ workers: pinned(0, 1, 2, 3), program: 'cpu' });
    const of = (...groups: Group[]) => machine([], groups);
    expect(changesBetween(of(four), of())).toEqual([`${four.id}: the group has disappeared`]);
    expect(changesBetween(of(), of(four))).toEqual([`${four.id}: a new group`]);
    expect(changesBetween(of(four), of({ ...four, program: null, selection: 'hash' }))).toEqual([
      `${four.id}: the program cpu was detached; the kernel picks by hash`,
    ]);
    const reordered = { ...four, sockets: four.sockets.toReversed() };
    expect(changesBetween(of(four), of(reordered))).toEqual([`${four.id}: slots were reordered`]);
    const unseen = { ...four, program: null, selection: null };
    expect(changesBetween(of(four), of(unseen))).toEqual([]);
    expect(changesBetween(of(unseen), of(four))).toEqual([]);
    const [first, ...others] = four.sockets;
    const replaced = { ...four, sockets: first ? [{ ...first, inode: 4242 }, ...others] : [] };
    expect(changesBetween(of(four), of(replaced))).toEqual([`${four.id}: 1 of 4 sockets are new`]);
  });
});

describe('withSlots', () => {
  const known = group({ workers: pinned(0, 1, 2), program: 'cpu' });
  const unread: Group = {
    ...known,
    selection: null,
    program: null,
    sockets: known.sockets.toReversed().map((socket) => ({ ...socket, slot: null, recvQueue: 7 })),
  };

  it('keeps what only bpftrace shows, and updates everything else', () => {
    const joined = withSlots(unread, known, 'later');
    expect(joined.program?.name).toBe('cpu');
    expect(joined.sockets.map(({ slot, recvQueue }) => [slot, recvQueue])).toEqual([
      [0, 7],
      [1, 7],
      [2, 7],
    ]);
  });

  it('knows nothing of a group whose sockets have been replaced', () => {
    const grown = { ...unread, sockets: [...unread.sockets, ...unread.sockets.slice(0, 1)] };
    expect(withSlots(grown, known, 'later')).toEqual(grown);
    const unasked = { ...grown, notes: [SLOTS_UNREAD, 'another'] };
    expect(withSlots(unasked, known, 'later').notes).toEqual(['later', 'another']);
    const [first, ...others] = unread.sockets;
    const replaced = { ...unread, sockets: first ? [{ ...first, inode: 4242 }, ...others] : [] };
    expect(withSlots(replaced, known, 'later')).toEqual(replaced);
  });
});
