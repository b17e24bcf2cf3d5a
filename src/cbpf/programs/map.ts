/** `map`: for each CPU the slot of the worker that runs there, in any order. */
import type { Instruction } from '../instruction.ts';
import {
  type About,
  checkCpu,
  checkSlot,
  constants,
  isBelow,
  JEQ,
  JGE,
  LD_CPU,
  type Line,
  MAX_SLOTS,
  NR_CPUS,
  OUT_OF_RANGE,
  RET,
  ret,
  same,
  words,
} from './line.ts';
import { entriesOf, readSegments, type Segment, search, segments } from './search.ts';

export const about: About = {
  purpose: 'each CPU to the slot whose worker is pinned to it, whatever the order',
  use: 'slots and CPUs do not agree: after a worker was restarted, on SMT or NUMA numbering, for a subset of CPUs.',
  avoid:
    'workers that are not pinned. It goes out of date when workers restart and slots move: attach it again then.',
};

/** Up to here a person reads a chain of comparisons faster than a search tree, and the CPU does not care. */
const CHAIN = 8;

/** Throws RangeError for numbers that no kernel has. */
export function lines(slotOfCpu: ReadonlyMap<number, number>): Line[] {
  for (const [cpu, slot] of slotOfCpu) {
    checkCpu(cpu);
    checkSlot(slot);
  }
  const body = slotOfCpu.size <= CHAIN ? chain(slotOfCpu) : search(segments(slotOfCpu), leaf, 'CPUs');
  return [[LD_CPU, 'the CPU that received the packet'], ...body];
}

function chain(slotOfCpu: ReadonlyMap<number, number>): Line[] {
  const entries = [...slotOfCpu].sort(([one], [other]) => one - other);
  const links = entries.flatMap(([cpu, slot]): Line[] => [
    [[JEQ, 0, 1, cpu], `CPU ${cpu}`],
    [ret(slot), `to slot ${slot}`],
  ]);
  return [...links, [ret(OUT_OF_RANGE), "any other CPU: by the kernel's own hash"]];
}

function leaf({ from, value }: Segment<number>): Line {
  return value === null
    ? [ret(OUT_OF_RANGE), `no worker there: by the kernel's own hash`]
    : [ret(value), `CPU ${from} to slot ${value}`];
}

/** The map that {@link lines} made this program from; null for any other program. */
export function slotsOf(program: readonly Instruction[]): ReadonlyMap<number, number> | null {
  const slots = constants(program, RET).map((slot) => (slot === OUT_OF_RANGE ? null : slot));
  const cpus = constants(program, JEQ);
  if (!slots.every((slot) => slot === null || isBelow(MAX_SLOTS, slot))) return null;
  if (!cpus.every((cpu) => isBelow(NR_CPUS, cpu))) return null;
  const entries =
    cpus.length > 0
      ? cpus.map((cpu, index) => [cpu, slots[index] ?? OUT_OF_RANGE] as const)
      : entriesOf(readSegments(constants(program, JGE), slots), NR_CPUS);
  if (entries === null || !entries.every(([, slot]) => isBelow(MAX_SLOTS, slot))) return null;
  const slotOfCpu = new Map(entries);
  return same(program, words(lines(slotOfCpu))) ? slotOfCpu : null;
}
