/** `map`: for each CPU the slot of the worker that runs there, in any order. */
import type { Instruction } from '../instruction.ts';
import {
  checkCpu,
  checkSlot,
  constants,
  JEQ,
  JGE,
  LD_CPU,
  NR_CPUS,
  OUT_OF_RANGE,
  type ProgramLine,
  RET,
  ret,
} from './line.ts';
import { highest, type ProgramParameters, type SteeringProgram } from './program.ts';
import { entriesOf, readSegments, type Segment, search, segments } from './search.ts';

type MapParameters = Pick<ProgramParameters, 'slotOfCpu'>;

/** Up to this size a chain of comparisons is easier to read than a search tree, and costs the CPU no more. */
const CHAIN = 8;

function mapLines({ slotOfCpu }: MapParameters): ProgramLine[] {
  for (const [cpu, slot] of slotOfCpu) {
    checkCpu(cpu);
    checkSlot(slot);
  }
  const body = slotOfCpu.size <= CHAIN ? chain(slotOfCpu) : search(segments(slotOfCpu), leaf, 'CPUs');
  return [[LD_CPU, 'the CPU that received the packet'], ...body];
}

function chain(slotOfCpu: ReadonlyMap<number, number>): ProgramLine[] {
  const entries = [...slotOfCpu].sort(([one], [other]) => one - other);
  const links = entries.flatMap(([cpu, slot]): ProgramLine[] => [
    [[JEQ, 0, 1, cpu], `CPU ${cpu}`],
    [ret(slot), `to slot ${slot}`],
  ]);
  return [...links, [ret(OUT_OF_RANGE), "any other CPU: by the kernel's own hash"]];
}

function leaf({ from, value }: Segment<number>): ProgramLine {
  return value === null
    ? [ret(OUT_OF_RANGE), `no worker there: by the kernel's own hash`]
    : [ret(value), `CPU ${from} to slot ${value}`];
}

function parse(program: readonly Instruction[]): MapParameters | null {
  const slots = constants(program, RET).map((slot) => (slot === OUT_OF_RANGE ? null : slot));
  const cpus = constants(program, JEQ);
  const entries =
    cpus.length > 0
      ? cpus.map((cpu, index) => [cpu, slots[index] ?? OUT_OF_RANGE] as const)
      : entriesOf(readSegments(constants(program, JGE), slots), NR_CPUS);
  return entries && { slotOfCpu: new Map(entries) };
}

export const mapProgram: SteeringProgram<MapParameters> = {
  purpose: 'the slot whose worker is pinned to the receiving CPU',
  use: 'slots and CPUs in different orders: after a worker restarted, with SMT or NUMA numbering, on a subset of the CPUs.',
  avoid: 'unpinned workers. Attach it again after workers restart, because their slots can change.',
  parameters: ['slotOfCpu'],
  lines: mapLines,
  parse,
  lastSlot: ({ slotOfCpu }) => highest(slotOfCpu.values()),
  slotOnCpu: ({ slotOfCpu }, cpu) => slotOfCpu.get(cpu) ?? null,
};
