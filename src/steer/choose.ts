/** Turns a requested program and a group into instructions, and warnings to show before they are attached. */
import { disassemble } from '../cbpf/disassemble.ts';
import { hints } from '../cbpf/hints.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import {
  generate,
  isByCpu,
  needs,
  type ProgramName,
  type ProgramParameters,
  type ProgramSpec,
  recognise,
  slotOnCpu,
  specFrom,
  spreadsFlows,
} from '../cbpf/programs.ts';
import type { Cpus } from '../host/cpus.ts';
import type { Group, GroupSocket } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import { keysBySlot, slotsByCpu, slotsByNode, type Warn } from './placement.ts';

export interface NamedProgram {
  readonly name: ProgramName;
  /** What cannot be read from the group. */
  readonly weights?: readonly number[] | undefined;
  readonly drained?: readonly number[] | undefined;
  /** Omitted: what suits the group. */
  readonly by?: ProgramParameters['by'] | undefined;
}

export type Wanted =
  | NamedProgram
  /** The user's own program, which the kernel accepts. */
  | { readonly name: null; readonly file: string; readonly instructions: readonly Instruction[] };

export interface ChosenProgram {
  readonly instructions: readonly Instruction[];
  readonly warnings: readonly string[];
}

/**
 * Throws Failure slots-unknown, not-pinned, no-numa if facts for the program are missing, impossible if no such program
 * can exist for the group.
 * @param nodes CPUs of each NUMA node of the machine
 */
export function chooseProgram(
  wanted: Wanted,
  group: Group,
  size: number,
  nodes: readonly Cpus[],
): ChosenProgram {
  if (wanted.name === null) {
    const { instructions } = wanted;
    const asm = disassemble(instructions).split('\n');
    const warnings = hints(instructions, size).map(({ index, message }) =>
      index === null ? message : `instruction ${index} (${asm[index]}): ${message}`,
    );
    return { instructions, warnings };
  }
  const warnings = size === group.size ? [] : [sizeWarning(size, group.size)];
  const spec = specFor(wanted, group, size, nodes, (warning) => warnings.push(warning));
  warnings.push(...(isByCpu(spec) && !needs(spec.name, 'slotOfCpu') ? blindWarnings(spec, group) : []));
  return { instructions: made(spec, group), warnings: [...warnings, ...flowWarnings(spec, group)] };
}

/** The parameters of the program: from the group, or from the user if only the user knows them. */
function specFor(
  wanted: NamedProgram,
  group: Group,
  size: number,
  nodes: readonly Cpus[],
  warn: Warn,
): ProgramSpec {
  const { name, weights, drained, by } = wanted;
  const spread = group.protocol === 'tcp' ? 'rand' : 'flow';
  return specFrom(name, {
    size: () => size,
    slotOfCpu: () => slotsByCpu(group, warn),
    keyOfSlot: () => keysBySlot(group, size, warn),
    nodes: () => slotsByNode(group, nodes, warn),
    weights: () => {
      warnOfWeights(given(name, 'weights', weights), group, warn);
      return given(name, 'weights', weights);
    },
    drained: () => given(name, 'drained', drained),
    spread: () => (by === undefined || by === 'cpu' ? spread : by),
    by: () => by ?? (goesByCpu(group) ? 'cpu' : spread),
  });
}

function given<T>(name: ProgramName, what: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw failure('impossible', `\`${name}\`: no ${what} were given`, 'see `locality-tune programs`');
}

function made(spec: ProgramSpec, group: Group): Instruction[] {
  try {
    return generate(spec);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw failure(
      'impossible',
      `${group.id}: ${spec.name}: ${error.message}`,
      'see `locality-tune programs`',
    );
  }
}

/** If so, a drain leaves all other packets where they are. */
function goesByCpu({ program }: Group): boolean {
  const now = program?.instructions ? recognise(program.instructions) : null;
  return now?.name === 'cpu' || (now?.name === 'drain' && now.by === 'cpu');
}

function sizeWarning(size: number, actual: number): string {
  return size > actual
    ? `${size} is more than the ${actual} sockets of the group: for an index beyond them the kernel uses the hash`
    : `${size} is less than the ${actual} sockets of the group: the last ${actual - size} will get no packets`;
}

function warnOfWeights({ length }: readonly number[], { size }: Group, warn: Warn): void {
  if (length < size)
    warn(`${length} weights for ${size} sockets: the last ${size - length} will get no packets`);
  if (length > size)
    warn(`${length} weights for ${size} sockets: for the other shares the kernel uses the hash`);
}

/** A program that picks by CPU without knowing the workers' CPUs helps only if slots and CPUs agree. */
function blindWarnings(spec: ProgramSpec, group: Group): string[] {
  const misplaced = group.sockets.filter(
    ({ slot, cpus: [only, ...more] }) =>
      slot !== null && only !== undefined && more.length === 0 && slotOnCpu(spec, only) !== slot,
  );
  const unpinned = group.sockets.filter(({ cpus }) => cpus.length > 1);
  return [
    ...(misplaced.length > 0
      ? [
          `slots and CPUs are not in the same order (${misplaced.slice(0, 4).map(place).join(', ')}${misplaced.length > 4 ? ', …' : ''}): \`--program map\` fits them`,
        ]
      : []),
    ...(unpinned.length > 0
      ? [
          `${unpinned.length} of ${group.size} workers are not pinned, so the program cannot know on which CPU they run: locality may get worse`,
        ]
      : []),
  ];
}

const place = ({ slot, cpus }: GroupSocket) => `slot ${slot} on CPU ${cpus[0]}`;

function flowWarnings(spec: ProgramSpec, group: Group): string[] {
  if (!spreadsFlows(spec) || group.protocol !== 'udp') return [];
  const quic = group.port === 443 || group.port === 8443 ? ' (QUIC on this port?)' : '';
  const chosen = needs(spec.name, 'spread') || needs(spec.name, 'by');
  const instead = chosen ? '; --by flow keeps a flow together' : '';
  const what = chosen ? `\`${spec.name}\` by rand` : `\`${spec.name}\``;
  return [
    `${what} spreads the packets of one flow over all sockets. It is right only for stateless datagrams; it breaks QUIC, DTLS and other stateful protocols${quic}${instead}`,
  ];
}
