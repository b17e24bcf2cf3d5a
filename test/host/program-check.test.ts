/** Slots as they are found in a memory that is written here, and in no other state of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withOrder, withoutProgram } from '../../src/host/known-slots.ts';
import { createProgramCheck } from '../../src/host/program-check.ts';
import { group, pinned } from '../fixtures/hosts.ts';

const GROUP = 0xffff_8880_0000_1000n;
const PROGRAM = 0xffff_c900_0000_0000n;
const members = { count: 2, sockets: 40, socket: 624, inode: 128 + 64 };

/** @param slots inodes; null: a socket that is being closed */
function memoryOf(slots: readonly (number | null)[], program = PROGRAM): Map<bigint, bigint> {
  const memory = new Map([
    // max_socks, num_socks and others share a word.
    [GROUP, 128n | (BigInt(slots.length) << 16n) | (7n << 32n)],
    [GROUP + 24n, program],
  ]);
  for (const [slot, inode] of slots.entries()) {
    const sock = 0x1_0000n * BigInt(slot + 1);
    memory.set(GROUP + BigInt(members.sockets + 8 * slot), sock);
    memory.set(sock + BigInt(members.socket), inode === null ? 0n : sock + 0x8000n);
    if (inode !== null) memory.set(sock + 0x8000n + BigInt(members.inode), BigInt(inode));
  }
  return memory;
}

function checkOf(memory: ReadonlyMap<bigint, bigint>, known: readonly number[], withMembers = true) {
  const read = (address: bigint): bigint => memory.get(address) ?? 0n;
  const kernel = {
    read,
    isSame: ({ address, value }: { readonly address: bigint; readonly value: bigint }) =>
      memory.has(address) && read(address) === value,
    close: () => {},
  };
  const check = createProgramCheck(() => ({
    kernel,
    offsets: { program: 24, members: withMembers ? members : null },
  }));
  check.expect([{ group: GROUP, program: PROGRAM, sockets: known }]);
  return check;
}

describe('slots without bpftrace', () => {
  it('are those of the group that has kept one of its sockets', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 31 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(distinct, fc.nat(), fc.array(fc.nat()), (slots, kept, gone) => {
        const known = [slots[kept % slots.length] ?? 0, ...gone.map((each) => -each - 1)];
        expect(checkOf(memoryOf(slots), known).slotsOf(slots.toSorted((a, b) => a - b))).toEqual(slots);
      }),
    );
  });

  it('follow the group from one change to the next', () => {
    const memory = memoryOf([1, 2]);
    const check = checkOf(memory, [1, 2]);
    for (const slots of [
      [1, 2, 3, 4],
      [4, 3],
      [4, 3, 5],
    ]) {
      memory.clear();
      for (const [address, value] of memoryOf(slots)) memory.set(address, value);
      expect(check.slotsOf(slots)).toEqual(slots);
    }
  });

  it.each([
    ['another group: none of its sockets is left', memoryOf([3, 4]), [3, 4]],
    ['another program', memoryOf([1, 2], PROGRAM + 8n), [1, 2]],
    ['more sockets than the kernel listed', memoryOf([1, 2, 3]), [1, 2]],
    ['other sockets than the kernel listed', memoryOf([1, 9]), [1, 2]],
    ['one socket in two slots', memoryOf([1, 1]), [1, 2]],
    ['a socket that is being closed', memoryOf([1, null]), [1, 2]],
    ['memory that is gone', new Map<bigint, bigint>(), [1, 2]],
  ])('are not known of %s', (_, memory, sockets) => {
    expect(checkOf(memory, [1, 2]).slotsOf(sockets)).toBeNull();
  });

  it('are not known where the kernel does not say where they are', () => {
    expect(checkOf(memoryOf([1, 2]), [1, 2], false).slotsOf([1, 2])).toBeNull();
  });
});

describe('a program that was detached', () => {
  it('is noticed once, if the group still has its sockets', () => {
    const check = checkOf(memoryOf([1, 2], 0n), [1, 2]);
    expect([check.hasChanged(), check.hasLost([2, 1]), check.hasChanged()]).toEqual([true, true, false]);
    expect(check.hasLost([1, 2])).toBe(false);
    // None is wanted from then on.
    expect(check.slotsOf([1, 2])).toEqual([1, 2]);
  });

  it.each([
    ['the program is there', memoryOf([1, 2])],
    ['there is another one', memoryOf([1, 2], PROGRAM + 8n)],
    ['the group has other sockets', memoryOf([1, 3], 0n)],
    ['the memory is gone', new Map<bigint, bigint>()],
  ])('is not known if %s', (_, memory) => {
    expect(checkOf(memory, [1, 2]).hasLost([1, 2])).toBe(false);
  });

  it('leaves the decision to SO_INCOMING_CPU, where that is set', () => {
    const known = group({ workers: pinned(0, 1), program: 'cpu' });
    expect(withoutProgram(known)).toMatchObject({ program: null, selection: 'hash' });
    const [first, ...others] = known.sockets;
    if (first === undefined) throw new Error('no socket');
    const set = { ...known, sockets: [{ ...first, incomingCpu: 0 }, ...others] };
    expect(withoutProgram(set).selection).toBe('incoming_cpu');
    expect(withoutProgram({ ...set, incomingCpuHonoured: false }).selection).toBe('hash');
  });
});

describe('a group in another order', () => {
  const known = group({ workers: pinned(0, 1), program: 'cpu' });
  const now = { ...group({ workers: pinned(0, 1, 2) }), selection: null };
  const inodes = now.sockets.map(({ inode }) => inode);

  it('keeps its program, and has the slots as they are', () => {
    const order = inodes.toReversed();
    const found = withOrder(now, known, order);
    expect(found).toMatchObject({ selection: 'cbpf', program: { name: 'cpu' }, size: 3 });
    expect(found?.sockets.map(({ inode, slot, slotSource }) => [inode, slot, slotSource])).toEqual(
      order.map((inode, slot) => [inode, slot, 'kernel']),
    );
  });

  it.each([
    ['nothing is known of it', now, undefined, inodes],
    ['its order is not known', now, known, null],
    ['a socket has gone meanwhile', now, known, [...inodes.slice(1), 4711]],
    ['SO_INCOMING_CPU may decide', now, { ...known, program: null, selection: 'hash' as const }, inodes],
    ['its port has several groups', now, { ...known, kernelGroups: 2 }, inodes],
  ])('is not known if %s', (_, fresh, before, order) => {
    expect(withOrder(fresh, before, order)).toBeNull();
  });
});
