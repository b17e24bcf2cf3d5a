/** Compares a program's choice of slots with the workers' CPUs, and finds better CPUs for workers. */
import { type ProgramSpec, slotOnCpu } from '../cbpf/programs.ts';
import type { GroupSocket } from '../host/types.ts';
import { membersBySlot, pinnedMembers } from './groups.ts';
import type { FedGroup } from './types.ts';
import { threadOf } from './workers.ts';

/** CPU of each member whose worker is pinned to one. */
export type MemberCpus = ReadonlyMap<GroupSocket, number>;

/** The member that a program chooses for a receiving CPU although its worker is pinned to another CPU. */
export interface Miss {
  readonly cpu: number;
  readonly slot: number;
  readonly member: GroupSocket;
  readonly workerCpu: number;
}

export function misses(
  fed: FedGroup,
  program: ProgramSpec,
  memberCpus: MemberCpus = pinnedMembers(fed.group),
): readonly Miss[] {
  const members = membersBySlot(fed.group);
  return [...(fed.cpus ?? [])].flatMap((cpu) => {
    const slot = slotOnCpu(program, cpu);
    const member = slot === null ? undefined : members.get(slot);
    const workerCpu = member && memberCpus.get(member);
    if (slot === null || member === undefined || workerCpu === undefined || workerCpu === cpu) return [];
    return [{ cpu, slot, member, workerCpu }];
  });
}

/** The first member on each CPU. */
export function memberOn(memberCpus: MemberCpus): ReadonlyMap<number, GroupSocket> {
  return new Map([...memberCpus].reverse().map(([member, cpu]) => [cpu, member]));
}

/**
 * Threads that stay where they are: the first of a group on a CPU that receives for it, and those on isolated CPUs,
 * where the user put them on purpose.
 */
export function wellPlaced(groups: readonly FedGroup[], isolated: ReadonlySet<number>): ReadonlySet<string> {
  const members = groups.flatMap(({ group, cpus }) => {
    const pinned = pinnedMembers(group);
    const useful = [...memberOn(pinned)].flatMap(([cpu, member]) => (cpus?.has(cpu) ? [member] : []));
    return [...useful, ...[...pinned].flatMap(([member, cpu]) => (isolated.has(cpu) ? [member] : []))];
  });
  return new Set(members.flatMap(({ owners }) => owners.map(threadOf)));
}

/**
 * Where to re-pin workers: each receiving CPU without a worker gets one that is useless where it is, if possible the
 * member that the program chooses for this CPU. A worker of several groups stays if it serves one of them well
 * (`settled`), and so does a process whose serving threads are not known.
 */
export function pinsAnew(
  fed: FedGroup,
  program: ProgramSpec,
  memberCpus: MemberCpus,
  settled: ReadonlySet<string>,
): MemberCpus {
  const spare = new Set(
    [...memberCpus.keys()].filter(({ owners }) =>
      owners.every((owner) => owner.tid !== null && !settled.has(threadOf(owner))),
    ),
  );
  const staffed = memberOn(memberCpus);
  const bare = [...(fed.cpus ?? [])].filter((cpu) => !staffed.has(cpu));
  const chosen = new Map(misses(fed, program, memberCpus).map(({ cpu, member }) => [cpu, member]));
  const pins = new Map<GroupSocket, number>();
  const given = new Set<number>();
  const give = (member: GroupSocket | undefined, cpu: number) => {
    if (member === undefined || !spare.delete(member)) return;
    pins.set(member, cpu);
    given.add(cpu);
  };
  for (const cpu of bare) give(chosen.get(cpu), cpu);
  for (const cpu of bare) if (!given.has(cpu)) give(spare.values().next().value, cpu);
  return pins;
}
