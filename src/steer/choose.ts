/** From what was asked for and a group as it stands to instructions, and to what should be said before they are attached. */
import { disassemble } from '../cbpf/disassemble.ts';
import { hints } from '../cbpf/hints.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import { generate, type Recognised, recognise } from '../cbpf/programs.ts';
import type { Cpus } from '../host/cpus.ts';
import type { Group, GroupSocket } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import { keysBySlot, type Placement, slotsByCpu, slotsByNode } from './placement.ts';

type Spread = 'rand' | 'flow';

/** `by` null: what suits the group. */
export type Wanted =
  | { readonly name: 'cpu' | 'rand' | 'queue' | 'hash' | 'map' | 'source-rendezvous' }
  | { readonly name: 'numa'; readonly nodes: readonly Cpus[]; readonly by: Spread | null }
  | { readonly name: 'weighted'; readonly weights: readonly number[]; readonly by: Spread | null }
  | { readonly name: 'drain'; readonly drained: readonly number[]; readonly by: Spread | 'cpu' | null }
  /** Somebody's own, which the kernel accepts. */
  | { readonly name: null; readonly file: string; readonly instructions: readonly Instruction[] };

export interface Choice {
  readonly instructions: readonly Instruction[];
  readonly warnings: readonly string[];
}

/**
 * Throws Failure slots-unknown, not-pinned, no-numa where a program has nothing to go by, impossible where there can be
 * no such program for the group.
 */
export function chooseProgram(wanted: Wanted, group: Group, size: number): Choice {
  const sized = size === group.size ? [] : [sizeWarning(size, group.size)];
  if (wanted.name === null) {
    const { instructions } = wanted;
    const asm = disassemble(instructions).split('\n');
    const told = hints(instructions, size).map(({ index, message }) =>
      index === null ? message : `instruction ${index} (${asm[index]}): ${message}`,
    );
    return { instructions, warnings: told };
  }
  const { found: spec, warnings } = specFor(wanted, group, size);
  return { instructions: made(spec, group), warnings: [...sized, ...warnings, ...perPacket(spec, group)] };
}

/** What the program is made from. */
function specFor(
  wanted: Exclude<Wanted, { readonly name: null }>,
  group: Group,
  size: number,
): Placement<Recognised> {
  const spread = group.protocol === 'tcp' ? 'rand' : 'flow';
  switch (wanted.name) {
    case 'cpu':
      return { found: { name: 'cpu', modulus: size }, warnings: cpuWarnings(group, size) };
    case 'rand':
    case 'queue':
      return { found: { name: wanted.name, modulus: size }, warnings: [] };
    case 'hash':
      return { found: { name: 'hash' }, warnings: [] };
    case 'map': {
      const { found: slotOfCpu, warnings } = slotsByCpu(group);
      return { found: { name: 'map', slotOfCpu }, warnings };
    }
    case 'source-rendezvous': {
      const { found: keyOfSlot, warnings } = keysBySlot(group, size);
      return { found: { name: 'source-rendezvous', keyOfSlot }, warnings };
    }
    case 'numa': {
      const { found: nodes, warnings } = slotsByNode(group, wanted.nodes);
      return { found: { name: 'numa', nodes, by: wanted.by ?? spread }, warnings };
    }
    case 'weighted':
      return {
        found: { name: 'weighted', weights: wanted.weights, by: wanted.by ?? spread },
        warnings: weightWarnings(wanted.weights, group),
      };
    case 'drain': {
      const by = wanted.by ?? (goesByCpu(group) ? 'cpu' : spread);
      return { found: { name: 'drain', size, drained: wanted.drained, by }, warnings: [] };
    }
  }
}

function made(spec: Recognised, group: Group): Instruction[] {
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

/** Then a drain leaves all other packets where they are. */
function goesByCpu({ program }: Group): boolean {
  const now = program?.instructions ? recognise(program.instructions) : null;
  return now?.name === 'cpu' || (now?.name === 'drain' && now.by === 'cpu');
}

function sizeWarning(size: number, actual: number): string {
  return size > actual
    ? `${size} is more than the group's ${actual} sockets: an index beyond them falls back to the hash`
    : `${size} is less than the group's ${actual} sockets: the last ${actual - size} will get nothing`;
}

function weightWarnings(weights: readonly number[], { size }: Group): readonly string[] {
  if (weights.length === size) return [];
  return weights.length < size
    ? [`${weights.length} weights for ${size} sockets: the last ${size - weights.length} will get nothing`]
    : [`${weights.length} weights for ${size} sockets: the shares of the others fall back to the hash`];
}

/** `cpu` sends CPU c to slot c mod N, which helps only where that slot's worker is pinned to c. */
function cpuWarnings(group: Group, size: number): string[] {
  const misplaced = group.sockets.filter(
    ({ slot, cpus }) =>
      slot !== null && cpus.length === 1 && cpus[0] !== undefined && cpus[0] % size !== slot,
  );
  const unpinned = group.sockets.filter(({ cpus }) => cpus.length > 1);
  return [
    ...(misplaced.length > 0
      ? [
          `slots and CPUs do not agree (${misplaced.slice(0, 4).map(place).join(', ')}${misplaced.length > 4 ? ', …' : ''}): \`--program map\` follows the workers`,
        ]
      : []),
    ...(unpinned.length > 0
      ? [
          `${unpinned.length} of ${group.size} workers are not pinned to one CPU: the program can not know where they run`,
        ]
      : []),
  ];
}

const place = ({ slot, cpus }: GroupSocket) => `slot ${slot} on CPU ${cpus[0]}`;

function perPacket(spec: Recognised, group: Group): string[] {
  const rand = spec.name === 'rand' || ('by' in spec && spec.by === 'rand');
  if (!rand || group.protocol !== 'udp') return [];
  const quic = group.port === 443 || group.port === 8443 ? ' (QUIC on this port?)' : '';
  const instead = spec.name === 'rand' ? '' : '; --by flow keeps a flow together';
  const what = spec.name === 'rand' ? '`rand`' : `\`${spec.name}\` by rand`;
  return [
    `${what} spreads the packets of one flow over all sockets: right for stateless datagrams only, it breaks QUIC, DTLS and other stateful protocols${quic}${instead}`,
  ];
}
