/** From a program's name and a group as it stands to instructions, and to what should be said before they are attached. */

import type { Instruction } from '../cbpf/instruction.ts';
import { cpu, hash, map, rand } from '../cbpf/programs.ts';
import type { Group, GroupSocket } from '../host/types.ts';
import { failure } from '../system/errors.ts';

export const PROGRAMS = ['cpu', 'rand', 'hash', 'map'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export interface Choice {
  readonly instructions: readonly Instruction[];
  readonly warnings: readonly string[];
}

/** Throws Failure slots-unknown or not-pinned for `map`, which has nothing to go by then. */
export function chooseProgram(name: ProgramName, group: Group, size: number): Choice {
  const warnings = size === group.size ? [] : [sizeWarning(size, group.size)];
  switch (name) {
    case 'cpu':
      return { instructions: cpu(size), warnings: [...warnings, ...cpuWarnings(group, size)] };
    case 'rand':
      return { instructions: rand(size), warnings: [...warnings, ...randWarnings(group)] };
    case 'hash':
      return { instructions: hash(), warnings };
    case 'map': {
      const { slotOfCpu, warnings: unplaced } = slotsByCpu(group);
      return { instructions: map(slotOfCpu), warnings: [...warnings, ...unplaced] };
    }
  }
}

function sizeWarning(size: number, actual: number): string {
  return size > actual
    ? `${size} is more than the group's ${actual} sockets: an index beyond them falls back to the hash`
    : `${size} is less than the group's ${actual} sockets: the last ${actual - size} will get nothing`;
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

function randWarnings(group: Group): string[] {
  if (group.protocol !== 'udp') return [];
  const quic = group.port === 443 || group.port === 8443 ? ' (QUIC on this port?)' : '';
  return [
    `\`rand\` spreads the packets of one flow over all sockets: right for stateless datagrams only, it breaks QUIC, DTLS and other stateful protocols${quic}`,
  ];
}

/** CPU -> slot, from the kernel's slots and the workers' pins. */
function slotsByCpu(group: Group): { slotOfCpu: ReadonlyMap<number, number>; warnings: string[] } {
  if (group.sockets.some(({ slot, slotSource }) => slot === null || slotSource !== 'kernel'))
    throw failure(
      'slots-unknown',
      `${group.id}: the kernel's slot order could not be read, and \`map\` is made from it`,
      group.notes[0] ?? 'run as root with bpftrace installed',
    );
  const slotOfCpu = new Map<number, number>();
  const unpinned: number[] = [];
  const doubled: number[] = [];
  for (const { slot, cpus } of group.sockets) {
    const [only, ...more] = cpus;
    if (slot === null) continue;
    if (only === undefined || more.length > 0) unpinned.push(slot);
    else if (slotOfCpu.has(only)) doubled.push(slot);
    else slotOfCpu.set(only, slot);
  }
  if (slotOfCpu.size === 0)
    throw failure(
      'not-pinned',
      `${group.id}: no worker is pinned to one CPU, so there is nothing to map`,
      'pin the workers first (nginx: `worker_cpu_affinity auto`)',
    );
  return {
    slotOfCpu,
    warnings: [
      ...(unpinned.length > 0
        ? [`no CPU leads to ${slots(unpinned)}: its worker is not pinned to one CPU`]
        : []),
      ...(doubled.length > 0
        ? [`no CPU leads to ${slots(doubled)}: another slot's worker is pinned to the same CPU`]
        : []),
    ],
  };
}

const slots = (list: readonly number[]) => `slot${list.length > 1 ? 's' : ''} ${list.join(', ')}`;
