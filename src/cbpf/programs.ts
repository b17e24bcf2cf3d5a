/** The programs that locality-tune attaches: what each is made from, its instructions, and how to recognise it. */
import { disassemble } from './disassemble.ts';
import { type Instruction, MAX_INSTRUCTIONS } from './instruction.ts';
import { cpuProgram } from './programs/cpu.ts';
import { drainProgram } from './programs/drain.ts';
import { hashProgram } from './programs/hash.ts';
import { OUT_OF_RANGE, type ProgramLine, same, words } from './programs/line.ts';
import { mapProgram } from './programs/map.ts';
import { numaProgram } from './programs/numa.ts';
import type { ParameterName, ProgramParameters, SteeringProgram } from './programs/program.ts';
import { queueProgram } from './programs/queue.ts';
import { randProgram } from './programs/rand.ts';
import { sourceRendezvousProgram } from './programs/source-rendezvous.ts';
import { weightedProgram } from './programs/weighted.ts';

export type { ParameterName, ProgramParameters };
export { OUT_OF_RANGE };

/** In the order in which they are listed. */
const PROGRAMS = {
  cpu: cpuProgram,
  map: mapProgram,
  queue: queueProgram,
  numa: numaProgram,
  rand: randProgram,
  weighted: weightedProgram,
  'source-rendezvous': sourceRendezvousProgram,
  drain: drainProgram,
  hash: hashProgram,
};

export type ProgramName = keyof typeof PROGRAMS;

/** A program of ours, by what it is made from. */
export type ProgramSpec = {
  [Name in ProgramName]: { readonly name: Name } & NonNullable<ReturnType<(typeof PROGRAMS)[Name]['parse']>>;
}[ProgramName];

export const isProgramName = (text: string): text is ProgramName => Object.hasOwn(PROGRAMS, text);

export const PROGRAM_NAMES: readonly ProgramName[] = Object.keys(PROGRAMS).filter(isProgramName);

export const programNamed = (name: ProgramName): SteeringProgram => PROGRAMS[name];

/** Is the program made from this, among others? */
export const needs = (name: ProgramName, parameter: ParameterName): boolean =>
  programNamed(name).parameters.includes(parameter);

/** Those that can be made from the group alone. The others need something from the user. */
export const GROUP_PROGRAMS = PROGRAM_NAMES.filter(
  (name) => !needs(name, 'weights') && !needs(name, 'drained'),
);

/** Gives each parameter that a program needs, and throws if it is not known. */
export type ParameterSource = { readonly [Name in ParameterName]: () => ProgramParameters[Name] };

/** Throws what the source throws. */
export function specFrom(name: ProgramName, source: ParameterSource): ProgramSpec {
  const entries = programNamed(name).parameters.map((each) => [each, source[each]()] as const);
  return { name, ...Object.fromEntries(entries) } as ProgramSpec;
}

/**
 * The instructions. Throws RangeError for numbers that no kernel has, and for more instructions than the kernel
 * accepts.
 */
export function generate(spec: ProgramSpec): Instruction[] {
  return words(linesOf(spec));
}

/** The same as assembler text with a comment on each line, which `assemble` turns back into the same instructions. */
export function commented(spec: ProgramSpec): string {
  const lines = linesOf(spec);
  const texts = disassemble(words(lines)).split('\n');
  const width = Math.max(...texts.map(({ length }) => length));
  return lines.map(([, comment], index) => `${(texts[index] ?? '').padEnd(width)} ; ${comment}`).join('\n');
}

/** Recognises our programs by their exact instructions; null for any other program. */
export function recognise(program: readonly Instruction[]): ProgramSpec | null {
  if (program.length > MAX_INSTRUCTIONS) return null;
  for (const name of PROGRAM_NAMES) {
    const from = programNamed(name).parse(program);
    const spec = from && ({ name, ...from } as ProgramSpec);
    if (spec !== null && makes(spec, program)) return spec;
  }
  return null;
}

function makes(spec: ProgramSpec, program: readonly Instruction[]): boolean {
  try {
    return same(program, generate(spec));
  } catch (error) {
    // The parameters that were read from a foreign program make no program.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The highest slot that a program can choose; null for `hash`, which chooses none. */
export const lastSlot = (spec: ProgramSpec): number | null => programNamed(spec.name).lastSlot(spec);

/** Does the CPU alone decide? */
export const isByCpu = ({ name }: ProgramSpec): boolean => programNamed(name).slotOnCpu !== undefined;

/** The slot that a program picks on a CPU; null if it leaves that to the hash, or decides by something else. */
export const slotOnCpu = (spec: ProgramSpec, cpu: number): number | null =>
  programNamed(spec.name).slotOnCpu?.(spec, cpu) ?? null;

/** Can packets of one flow go to different sockets? */
export const spreadsFlows = (spec: ProgramSpec): boolean =>
  programNamed(spec.name).spreadsFlows?.(spec) ?? false;

/** Packets of CPU c go to slot c mod size. */
export const cpu = (size: number): Instruction[] => generate({ name: 'cpu', size });

/** Every packet goes to a random slot. */
export const rand = (size: number): Instruction[] => generate({ name: 'rand', size });

/** The kernel's own choice, by hash, with a program in place. */
export const hash = (): Instruction[] => generate({ name: 'hash' });

/**
 * Packets of each CPU go to the slot that it maps to; packets of a CPU that is not in the map go by hash. About 2,000
 * neighbouring CPUs, or 1,000 scattered ones, with a slot each are the most that fit.
 */
export const map = (slotOfCpu: ReadonlyMap<number, number>): Instruction[] =>
  generate({ name: 'map', slotOfCpu });

function linesOf(spec: ProgramSpec): ProgramLine[] {
  const lines = programNamed(spec.name).lines(spec);
  if (lines.length <= MAX_INSTRUCTIONS) return lines;
  const taken = `\`${spec.name}\` takes ${lines.length} instructions for this group`;
  throw new RangeError(`${taken}, and the kernel's limit is ${MAX_INSTRUCTIONS}`);
}
