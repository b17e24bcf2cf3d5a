/** How well a program's choice of slots agrees with where the workers are, and what would make it agree. */
import type { Recognised } from '../cbpf/programs.ts';
import type { GroupSocket } from '../host/types.ts';
import { membersBySlot, pinnedMembers, type Served, slotOn } from './groups.ts';

/** The member that a program chooses for a receiving CPU, though its worker is pinned to another one. */
export interface Miss {
  readonly cpu: number;
  readonly slot: number;
  readonly member: GroupSocket;
  readonly workerCpu: number;
}

export function misses(
  served: Served,
  program: Recognised,
  pinned = pinnedMembers(served.group),
): readonly Miss[] {
  const members = membersBySlot(served.group);
  return [...(served.cpus ?? [])].flatMap((cpu) => {
    const slot = slotOn(program, cpu);
    const member = slot === null ? undefined : members.get(slot);
    const workerCpu = member && pinned.get(member);
    if (slot === null || member === undefined || workerCpu === undefined || workerCpu === cpu) return [];
    return [{ cpu, slot, member, workerCpu }];
  });
}

/** Workers to pin anew, and whether it then takes a `map` to send each CPU to its own worker. */
export interface Repair {
  readonly pins: readonly (readonly [member: GroupSocket, cpu: number])[];
  readonly map: boolean;
}

/**
 * Each receiving CPU without a worker gets one that is of no use where it is: the member that the program
 * chooses for it if that is free, else any. What the program then still misses although a worker is there, a
 * map finds.
 */
export function repair(served: Served, program: Recognised): Repair {
  const receiving = served.cpus ?? new Set<number>();
  const pinned = new Map(pinnedMembers(served.group));
  const needed = new Map<number, GroupSocket>();
  for (const [member, cpu] of pinned) if (receiving.has(cpu) && !needed.has(cpu)) needed.set(cpu, member);
  const useful = new Set(needed.values());
  const spare = new Set([...pinned.keys()].filter((member) => !useful.has(member)));
  const bare = [...receiving].filter((cpu) => !needed.has(cpu));
  const chosen = new Map(misses(served, program).map(({ cpu, member }) => [cpu, member]));

  const pins: [GroupSocket, number][] = [];
  const give = (member: GroupSocket | undefined, cpu: number) => {
    if (member === undefined || !spare.delete(member)) return;
    pins.push([member, cpu]);
    pinned.set(member, cpu);
  };
  for (const cpu of bare) give(chosen.get(cpu), cpu);
  const given = new Set(pins.map(([, cpu]) => cpu));
  for (const cpu of bare) if (!given.has(cpu)) give(spare.values().next().value, cpu);
  const workerOn = new Set(pinned.values());
  return { pins, map: misses(served, program, pinned).some(({ cpu }) => workerOn.has(cpu)) };
}
