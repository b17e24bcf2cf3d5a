/** What a group's program does with packets: the slot that it picks on each CPU, and slots that it never picks. */
import { check } from '../cbpf/check.ts';
import { EMPTY } from '../cbpf/environment.ts';
import { isByCpu, lastSlot, OUT_OF_RANGE, type ProgramSpec, recognise, slotOnCpu } from '../cbpf/programs.ts';
import { results } from '../cbpf/ranges.ts';
import { compile, inputs } from '../cbpf/simulate.ts';
import type { Group, Program } from '../host/types.ts';
import { membersBySlot } from './groups.ts';
import type { FedGroup } from './types.ts';
import { threadOf } from './workers.ts';

/** The program of ours that is attached; null without one, and for a foreign one. */
export function ownProgram({ program }: Pick<Group, 'program'>): ProgramSpec | null {
  const instructions = program?.instructions ?? null;
  return instructions === null ? null : recognise(instructions);
}

/** Does only the receiving CPU decide? */
export function isByCpuAlone(program: Program): boolean {
  const own = ownProgram({ program });
  if (own !== null) return isByCpu(own);
  const read = foreignInstructions(program);
  return read !== null && [...inputs(read)].join() === 'cpu';
}

/**
 * Instructions of a classic program that is not one of ours; null if the kernel would refuse them, as after a torn
 * read.
 */
function foreignInstructions(program: Program | null): Program['instructions'] {
  const instructions = program?.instructions ?? null;
  if (instructions === null || recognise(instructions) !== null || check(instructions).length > 0)
    return null;
  return instructions;
}

/** The possible results of a program on the CPUs where packets are received. */
export interface Reach {
  /** Slots of the group that it can pick; null: all, because it can leave the choice to the hash. */
  readonly slots: ReadonlySet<number> | null;
  /** The highest index that it returns, except the value that means the hash; null if it returns none. */
  readonly highest: number | null;
  /** Is `highest` really returned (by the CPU alone, or by an instruction that bounds it)? */
  readonly bounded: boolean;
}

/** For a foreign classic program; null for any other. @param online CPUs on which it may run if `cpus` is not known */
export function foreignReach({ group, cpus }: FedGroup, online: readonly number[]): Reach | null {
  const program = foreignInstructions(group.program);
  if (program === null) return null;
  if (group.program !== null && isByCpuAlone(group.program)) {
    const run = compile(program);
    const returned = [...(cpus ?? online)].map((cpu) => run({ ...EMPTY, cpu }).result);
    const chosen = returned.filter((result) => result !== OUT_OF_RANGE);
    const inside = returned.every((result) => result < group.size);
    return { slots: inside ? new Set(returned) : null, highest: Math.max(-1, ...chosen), bounded: true };
  }
  const ranges = results(program);
  const chosen = ranges.filter(({ low }) => low !== OUT_OF_RANGE);
  const highest = chosen.reduce((most, { high }) => Math.max(most, high), -1);
  if (chosen.length < ranges.length || highest >= group.size)
    return { slots: null, highest, bounded: highest < OUT_OF_RANGE };
  const slots = new Set(chosen.flatMap(({ low, high }) => range(low, high)));
  return { slots, highest, bounded: true };
}

const range = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, at) => low + at);

/**
 * Slots that a program never picks on the CPUs where packets can be received, except those whose workers serve another
 * slot that it does pick. Empty if any packet goes to the kernel's hash (reuseport_select_sock), which reaches every
 * member: by an index outside the group, or a CPU that a map leaves out.
 * @param program one of ours, or what is known about a foreign one
 */
export function starved(
  { group, cpus }: FedGroup,
  program: ProgramSpec | Reach,
  online: readonly number[],
): readonly number[] {
  const slots =
    'slots' in program && 'bounded' in program ? program.slots : picked(program, cpus ?? online, group.size);
  if (slots === null || slots.size === group.size) return [];
  const members = membersBySlot(group);
  const threads = (slot: number) => members.get(slot)?.owners.map(threadOf) ?? [];
  const fed = new Set([...slots].flatMap(threads));
  return range(0, group.size - 1).filter(
    (slot) => !slots.has(slot) && !threads(slot).some((thread) => fed.has(thread)),
  );
}

/**
 * If the driver records no queue, `queue` leaves the choice to the hash; slots of weight 0 and drained slots are
 * intended.
 */
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

/** The group size for which a program was made, if the program shows it. */
export function madeFor(program: ProgramSpec): number | null {
  if ('size' in program) return program.size;
  return 'keyOfSlot' in program ? (lastSlot(program) ?? 0) + 1 : null;
}
