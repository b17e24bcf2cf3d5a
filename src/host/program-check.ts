/** What of reuseport groups can be read without bpftrace, once bpftrace has said where the kernel has them. */
import { kernelBtf } from '../system/btf.ts';
import { failure, isFailure, isSystemError } from '../system/errors.ts';
import { type KernelWords, openKernelWords } from '../system/kernel-word.ts';
import type { GroupAddresses } from './inquiry.ts';

export interface ProgramCheck {
  /** Why nothing can be checked; null: it can. Known once there was a group. */
  readonly why: string | null;
  /** The groups from now on, as they were just read. */
  expect(groups: readonly GroupAddresses[]): void;
  /** Has one of them got another program since, or lost it? Always false if nothing can be checked. */
  hasChanged(): boolean;
  /**
   * Inodes of the sockets of a group in the order of its slots, after some have come or gone. null: it is not known; it may be
   * another group, or have another program. @param sockets inodes of all of them, as the kernel lists them
   */
  slotsOf(sockets: readonly number[]): readonly number[] | null;
  /**
   * Has this group lost its program? Then none is expected from now on. False: it has one, or it is not known whether this is
   * the group. @param sockets as for `slotsOf`
   */
  hasLost(sockets: readonly number[]): boolean;
  close(): void;
}

/** Loads BPF programs once there is a group. */
export function createProgramCheck(open: () => Opened = openHere): ProgramCheck {
  let opened: Opened | null = null;
  let why: string | null = null;
  let known: readonly GroupAddresses[] = [];
  const hasSameProgram = ({ kernel, offsets }: Opened, { group, program }: GroupAddresses): boolean =>
    kernel.isSame({ address: group + BigInt(offsets.program), value: program });
  const groupOf = (sockets: readonly number[]): GroupAddresses | undefined =>
    known.find((each) => each.sockets.some((inode) => sockets.includes(inode)));
  const learn = (before: GroupAddresses, now: GroupAddresses): void => {
    known = known.map((each) => (each === before ? now : each));
  };
  return {
    get why() {
      return why;
    },
    expect(groups) {
      if (opened === null && why === null && groups.length > 0)
        try {
          opened = open();
        } catch (error) {
          why = reasonOf(error);
        }
      known = groups;
    },
    hasChanged() {
      const from = opened;
      return from !== null && known.some((each) => !hasSameProgram(from, each));
    },
    slotsOf(sockets) {
      const group = groupOf(sockets);
      if (opened === null || group === undefined || !hasSameProgram(opened, group)) return null;
      const slots = slotsAt(opened, group, sockets);
      if (slots !== null) learn(group, { ...group, sockets: slots });
      return slots;
    },
    hasLost(sockets) {
      const group = groupOf(sockets);
      if (opened === null || group === undefined || group.program === 0n) return false;
      const without = { ...group, program: 0n };
      if (!hasSameProgram(opened, without) || slotsAt(opened, group, sockets) === null) return false;
      learn(group, without);
      return true;
    },
    close: () => opened?.kernel.close(),
  };
}

/** Only this group has these sockets, so if they are there, the group is where it was. null: they are not. */
function slotsAt(
  from: Opened,
  { group }: GroupAddresses,
  sockets: readonly number[],
): readonly number[] | null {
  const slots = readSlotsAt(from, group, sockets.length);
  if (slots === null || new Set(slots).size !== slots.length) return null;
  return slots.every((inode) => sockets.includes(inode)) ? slots : null;
}

/** null: it has another number of sockets, or members of structs are not known. */
function readSlotsAt({ kernel, offsets }: Opened, group: bigint, size: number): number[] | null {
  const { members } = offsets;
  if (members === null) return null;
  const at = (address: bigint, offset: number): bigint => kernel.read(address + BigInt(offset));
  // u16; the struct begins at a multiple of 8.
  const count = (): number =>
    Number((at(group, members.count & ~7) >> BigInt(8 * (members.count & 7))) & 0xffffn);
  if (count() !== size) return null;
  const inodes: number[] = [];
  for (let slot = 0; slot < size; slot++) {
    const sock = at(group, members.sockets + 8 * slot);
    const socket = sock === 0n ? 0n : at(sock, members.socket);
    if (socket === 0n) return null;
    inodes.push(Number(at(socket, members.inode)));
  }
  return count() === size ? inodes : null;
}

/** Bytes from the start of struct sock_reuseport, unless said otherwise (net/core/sock_reuseport.c). */
interface Offsets {
  readonly program: number;
  /** null: this kernel does not say. */
  readonly members: {
    readonly count: number;
    readonly sockets: number;
    /** From struct sock. */
    readonly socket: number;
    /** From struct socket, with which struct socket_alloc begins. */
    readonly inode: number;
  } | null;
}

interface Opened {
  readonly kernel: KernelWords;
  readonly offsets: Offsets;
}

function openHere(): Opened {
  const btf = kernelBtf();
  const offset = (member: string): number | null => btf?.memberOffset(member) ?? null;
  const program = offset('sock_reuseport.prog');
  if (program === null)
    throw failure('unsupported', 'this kernel shows no types (CONFIG_DEBUG_INFO_BTF)', 'polls instead');
  const [count, sockets, socket] = ['sock_reuseport.num_socks', 'sock_reuseport.socks', 'sock.sk_socket'].map(
    offset,
  );
  const [first, vfs, number] = ['socket_alloc.socket', 'socket_alloc.vfs_inode', 'inode.i_ino'].map(offset);
  const isKnown = (each: number | null | undefined): each is number => typeof each === 'number';
  const members =
    isKnown(count) && isKnown(sockets) && isKnown(socket) && first === 0 && isKnown(vfs) && isKnown(number)
      ? { count, sockets, socket, inode: vfs + number }
      : null;
  return { kernel: openKernelWords(), offsets: { program, members } };
}

function reasonOf(error: unknown): string {
  if (isFailure(error)) return error.message;
  if (!isSystemError(error)) throw error;
  return error.code === 'EPERM'
    ? 'loading a BPF program needs CAP_BPF and CAP_PERFMON'
    : `this kernel does not run a BPF program on demand (Linux 5.10 does): ${error.message}`;
}
