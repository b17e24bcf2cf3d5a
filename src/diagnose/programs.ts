/** What a group's program does with its packets: which slot it picks on which CPU, and which it never picks. */
import { isByCpu, lastSlot, type ProgramSpec, recognise, slotOnCpu } from '../cbpf/programs.ts';
import type { Group } from '../host/types.ts';
import { membersBySlot } from './groups.ts';
import type { FedGroup } from './types.ts';
import { threadOf } from './workers.ts';

/**
 * The program of ours that is attached; null without one, and for a foreign one, of which nothing can be
 * said.
 */
export function ownProgram(group: Group): ProgramSpec | null {
  const instructions = group.program?.instructions ?? null;
  return instructions === null ? null : recognise(instructions);
}

/**
 * Slots that a program never picks on the CPUs where packets can be received, without those whose workers serve
 * another slot that it does pick. None when nothing bounds it: an index outside of the group, and a CPU that a
 * map leaves out, go to the kernel's hash (reuseport_select_sock), which reaches every member.
 */
export function starved(
  { group, cpus }: FedGroup,
  program: ProgramSpec,
  online: readonly number[],
): readonly number[] {
  const slots = picked(program, cpus ?? online, group.size);
  if (slots === null || slots.size === group.size) return [];
  const members = membersBySlot(group);
  const threads = (slot: number) => members.get(slot)?.owners.map(threadOf) ?? [];
  const fed = new Set([...slots].flatMap(threads));
  return [...Array(group.size).keys()].filter(
    (slot) => !slots.has(slot) && !threads(slot).some((thread) => fed.has(thread)),
  );
}

/** A driver that records no queue leaves `queue` to the hash; shares of nothing and drained slots are meant. */
function picked(program: ProgramSpec, cpus: Iterable<number>, size: number): ReadonlySet<number> | null {
  const made = madeFor(program);
  if (!isByCpu(program))
    return made === null || made > size || program.name === 'queue' ? null : new Set(Array(made).keys());
  const slots = new Set<number>();
  for (const cpu of cpus) {
    const slot = slotOnCpu(program, cpu);
    if (slot === null || slot >= size) return null;
    slots.add(slot);
  }
  return slots.size > 0 ? slots : null;
}

/** The size of group that a program is for, as far as its own words tell. */
export function madeFor(program: ProgramSpec): number | null {
  if ('size' in program) return program.size;
  return 'keyOfSlot' in program ? (lastSlot(program) ?? 0) + 1 : null;
}
