/** The member of a group that the kernel picks: net/core/sock_reuseport.c, reuseport_select_sock(). */
import { EMPTY } from '../cbpf/environment.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import { recognise } from '../cbpf/programs.ts';
import { compile, inputs, type Run } from '../cbpf/simulate.ts';
import type { Group, GroupSocket } from '../host/types.ts';

export type MemberChoice =
  /** A program's result: always this slot. */
  | { readonly kind: 'slot'; readonly slot: number }
  /** SO_INCOMING_CPU: these members, each with its probability; they add up to 1. */
  | { readonly kind: 'members'; readonly chances: ReadonlyMap<GroupSocket, number> }
  /** Slots 0 to slots - 1 with equal probability. */
  | { readonly kind: 'uniform'; readonly by: 'hash' | 'rand'; readonly slots: number }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * @param cpu the CPU that looks up the socket
 * @param rxQueue the queue that the driver recorded; null if it may not have recorded any
 */
export type MemberSelector = (cpu: number, rxQueue: number | null) => MemberChoice;

/** The group's present selection. */
export function memberSelector(group: Group): MemberSelector {
  if (group.size < 1) return unknown('the group has no members');
  if (group.newFlows === false)
    return unknown('no new flow comes here: another group of the port takes them all');
  switch (group.selection) {
    case null:
      return unknown('how the kernel picks a member could not be read');
    case 'hash':
      return byHash(group);
    case 'incoming_cpu':
      return byIncomingCpu(group);
    case 'ebpf':
      return unknown('an eBPF program picks the member');
    case 'cbpf':
      return byProgram(group, group.program?.instructions ?? null);
  }
}

function unknown(why: string): MemberSelector {
  return () => ({ kind: 'unknown', why });
}

/** The hash has a random seed per boot, so all slots are equally likely. It skips a connected member to the next. */
function byHash(group: Group): MemberSelector {
  const open = group.sockets.filter(({ connected }) => connected !== true);
  if (open.length === group.sockets.length || open.length === 0)
    return () => ({ kind: 'uniform', by: 'hash', slots: group.size });
  const chances = chancesOf(open, group.size);
  return chances === null
    ? unknown('some members are connected, in unknown slots')
    : () => ({ kind: 'members', chances });
}

/** reuseport_select_sock_by_hash(): the first member of this CPU from the hash's slot on, or the hash's own slot. */
function byIncomingCpu(group: Group): MemberSelector {
  const membersOf = new Map<number | null, GroupSocket[]>();
  for (const socket of group.sockets) {
    const members = membersOf.get(socket.incomingCpu);
    if (members) members.push(socket);
    else membersOf.set(socket.incomingCpu, [socket]);
  }
  const hash = byHash(group);
  return (cpu, rxQueue) => {
    const members = membersOf.get(cpu);
    if (members === undefined) return hash(cpu, rxQueue);
    const chances = chancesOf(members, group.size);
    if (chances === null)
      return {
        kind: 'unknown',
        why: 'several members have the same SO_INCOMING_CPU, and their slots are not known',
      };
    return { kind: 'members', chances };
  };
}

/** A member is found from its own slot and from every slot after the previous member; null if slots are not known. */
function chancesOf(members: readonly GroupSocket[], size: number): ReadonlyMap<GroupSocket, number> | null {
  const [only] = members;
  if (only !== undefined && members.length === 1) return new Map([[only, 1]]);
  const placed = members.flatMap((socket) =>
    socket.slot !== null && socket.slotSource === 'kernel' ? [{ socket, slot: socket.slot }] : [],
  );
  if (placed.length < members.length) return null;
  placed.sort((one, other) => one.slot - other.slot);
  return new Map(
    placed.map(({ socket, slot }, index) => {
      const distance = slot - (placed.at(index - 1)?.slot ?? slot);
      return [socket, (distance > 0 ? distance : distance + size) / size];
    }),
  );
}

function byProgram(group: Group, program: readonly Instruction[] | null): MemberSelector {
  if (program === null) return unknown('the attached program could not be read');
  const otherwise = byDefault(group);
  const known = recognise(program);
  if (known?.name === 'rand') return byChance(known.size, group.size, otherwise);
  const read = inputs(program);
  const undecided = [...read].filter((input) => input !== 'cpu' && input !== 'queue');
  if (undecided.length > 0)
    return unknown(`the program also reads ${undecided.map((each) => WORDS[each]).join(' and ')}`);
  const run = runnable(program);
  if (typeof run === 'string') return unknown(run);
  return (cpu, rxQueue) => {
    if (rxQueue === null && read.has('queue')) {
      return {
        kind: 'unknown',
        why: 'the program reads the rx queue, which a driver with a single queue may not record',
      };
    }
    const slot = run({ ...EMPTY, cpu, queue: rxQueue === null ? 0 : rxQueue + 1 }).result;
    return slot < group.size ? { kind: 'slot', slot } : otherwise(cpu, rxQueue);
  };
}

const WORDS = {
  rand: 'a random number',
  rxhash: "the NIC's hash",
  packet: 'the packet',
  other: "the packet's metadata",
};

/** Or what is wrong with instructions that no kernel would run; a torn read of kernel memory can return such. */
function runnable(program: readonly Instruction[]): Run | string {
  try {
    return compile(program);
  } catch (error) {
    if (error instanceof RangeError) return `the attached program can't be run: ${error.message}`;
    throw error;
  }
}

/**
 * `ld rand; mod #modulus; ret a`: an index beyond the group goes to the hash, which makes all slots equally likely
 * again.
 */
function byChance(modulus: number, size: number, otherwise: MemberSelector): MemberSelector {
  if (modulus <= size) return () => ({ kind: 'uniform', by: 'rand', slots: modulus });
  return (cpu, rxQueue) =>
    otherwise(cpu, rxQueue).kind === 'uniform'
      ? { kind: 'uniform', by: 'rand', slots: size }
      : { kind: 'unknown', why: 'the program leaves some packets to SO_INCOMING_CPU' };
}

/** What decides when a program returns an index beyond the group. */
function byDefault(group: Group): MemberSelector {
  const unset = group.sockets.every((socket) => socket.incomingCpu === null);
  if (unset || group.incomingCpuHonoured === false) return byHash(group);
  if (group.incomingCpuHonoured === null)
    return unknown('it is not known whether this kernel honours SO_INCOMING_CPU');
  return byIncomingCpu(group);
}
