/** Loads one of our programs by name, made from options; or any program, by name or from a file. */
import { check } from '../../cbpf/check.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import {
  generate,
  isProgramName,
  needs,
  PROGRAM_NAMES,
  type ProgramName,
  type ProgramSpec,
  specFrom,
} from '../../cbpf/programs.ts';
import { cliFailure, usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { PROGRAM_OPTIONS, programsWith } from './program-help.ts';
import { readProgram } from './program-input.ts';
import type { LayoutOptions, ProgramOptions } from './program-options.ts';

export interface NamedOptions extends ProgramOptions, LayoutOptions {
  readonly groupSize?: number;
}

/** Throws usage for an option of another program. @param name null: a file */
export function refuseForeignOptions(name: ProgramName | null, options: NamedOptions): void {
  for (const option of PROGRAM_OPTIONS) {
    const programs = programsWith(option);
    if (options[option] !== undefined && (name === null || !programs.includes(name)))
      throw usage(`--${option}: ${name ?? 'a file'} does not use it`, `use it with ${programs.join(', ')}`);
  }
  if (options.by === 'cpu' && name !== null && !needs(name, 'by'))
    throw usage(`--by cpu: ${name} spreads by rand or flow`);
}

/** Size of a group if no option gives it. */
const USUAL_SIZE = 8;

/** Size of the group that the options describe. */
export function sizeOf({ groupSize, weights, cpus }: NamedOptions): number {
  const listed = weights?.length ?? cpus?.length;
  if (listed !== undefined && groupSize !== undefined && listed > groupSize)
    throw usage(`--${weights ? 'weights' : 'cpus'}: ${listed} for a group of ${groupSize}`);
  return groupSize ?? listed ?? USUAL_SIZE;
}

/**
 * What a program is made from without a running group. Defaults: workers in slot order on CPU 0, 1, …, two nodes, equal
 * weights, the last slot drained. Throws usage.
 */
export function specOf(name: ProgramName, options: NamedOptions): ProgramSpec {
  refuseForeignOptions(name, options);
  const size = sizeOf(options);
  const cpus = options.cpus ?? Array.from({ length: size }, (_, slot) => slot);
  return specFrom(name, {
    size: () => size,
    slotOfCpu: () => new Map(cpus.map((cpu, slot) => [cpu, slot])),
    keyOfSlot: () => new Map(cpus.map((cpu, slot) => [slot, cpu])),
    nodes: () => nodesOf(cpus, options.nodes),
    weights: () => options.weights ?? new Array<number>(size).fill(1),
    drained: () => options.drain ?? [size - 1],
    spread: () => (options.by === 'flow' ? 'flow' : 'rand'),
    by: () => options.by ?? 'rand',
  });
}

function nodesOf(cpus: readonly number[], given: LayoutOptions['nodes']) {
  const sorted = [...new Set(cpus)].sort((one, other) => one - other);
  const middle = Math.ceil(sorted.length / 2);
  const nodes = given ?? [sorted.slice(0, middle), sorted.slice(middle)];
  return nodes.map((of) => {
    const set = new Set(of);
    return { cpus: of, slots: cpus.flatMap((cpu, slot) => (set.has(cpu) ? [slot] : [])) };
  });
}

/** `generate`, which reports parameters that make no sense as wrong usage. */
export function instructionsOf(spec: ProgramSpec): Instruction[] {
  try {
    return generate(spec);
  } catch (error) {
    if (error instanceof RangeError) throw usage(`${spec.name}: ${error.message}`);
    throw error;
  }
}

export interface Loaded {
  /** null for a program from a file. */
  readonly spec: ProgramSpec | null;
  /** As a message names it. */
  readonly label: string;
  readonly program: readonly Instruction[];
}

/**
 * Throws usage, CliError `refused`, and what readProgram throws.
 * @param word a name, `-` for stdin, or a file: `./cpu` is always a file
 */
export async function loadProgram(
  word: string,
  options: NamedOptions & Pick<Globals, 'json' | 'pretty'> & { readonly semicolons?: boolean },
): Promise<Loaded> {
  if (isProgramName(word)) {
    const spec = specOf(word, options);
    return { spec, label: word, program: instructionsOf(spec) };
  }
  refuseForeignOptions(null, options);
  const { program, name } = await readFileOrName(word, options);
  const [first, ...more] = check(program);
  if (first === undefined) return { spec: null, label: name, program };
  const where = first.index === null ? '' : `instruction ${first.index}: `;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  throw cliFailure(
    'refused',
    `${name}: the kernel would refuse this: ${where}${first.message}${others}`,
    '`locality-tune check` lists everything that is wrong',
  );
}

/** A word that looks like a path is a path; any other may be a misspelled name. */
async function readFileOrName(word: string, options: Parameters<typeof readProgram>[1]) {
  try {
    return await readProgram(word, options);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing || /[./]/.test(word)) throw error;
    throw usage(`'${word}': no such program, and no such file`, `there are: ${PROGRAM_NAMES.join(', ')}`);
  }
}
