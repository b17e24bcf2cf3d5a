/** `numa`: any worker of the receiving CPU's NUMA node. */
import type { Instruction } from '../instruction.ts';
import {
  type About,
  checkCpu,
  JA,
  JGE,
  LD_CPU,
  type Line,
  NR_CPUS,
  OUT_OF_RANGE,
  RET,
  ret,
  same,
  words,
} from './line.ts';
import { entriesOf, readSegments, type Segment, search, segments } from './search.ts';
import { anyOf, checkSlots, readAnyOf, type Spread } from './spread.ts';

export const about: About = {
  purpose: "one of the workers on the receiving CPU's NUMA node",
  use: 'several nodes, each with a NIC or queues of its own, and workers that are pinned to a node, not to a CPU.',
  avoid: 'one node only, or workers that are pinned to CPUs (cpu, map): those find the very CPU.',
};

export interface Node {
  readonly cpus: readonly number[];
  /** Of the workers that run on these CPUs; ascending. */
  readonly slots: readonly number[];
}

export interface Nodes {
  readonly nodes: readonly Node[];
  readonly by: Spread;
}

/**
 * CPUs of a node without slots, and CPUs of no node, leave the choice to the kernel's hash.
 * Throws RangeError for numbers that no kernel has, a CPU in two nodes, and where no node has a slot.
 */
export function lines({ nodes, by }: Nodes): Line[] {
  const staffed = nodes.filter(({ cpus, slots }) => cpus.length > 0 && slots.length > 0);
  if (staffed.length === 0) throw new RangeError('no node has a CPU and a worker');
  const nodeOfCpu = new Map<number, number>();
  for (const [node, { cpus, slots }] of staffed.entries()) {
    checkSlots(slots);
    for (const cpu of cpus) {
      checkCpu(cpu);
      if (nodeOfCpu.has(cpu)) throw new RangeError(`CPU ${cpu} is in two nodes`);
      nodeOfCpu.set(cpu, node);
    }
  }
  const blocks = staffed.map(({ slots }) => anyOf(slots, by));
  const table = search(segments(nodeOfCpu), leaf, 'CPUs');
  // A leaf names its node's number, as `ja` would a distance, until it is known how far away that node's part is.
  const starts = blocks.map((_, node) => blocks.slice(0, node).reduce((sum, { length }) => sum + length, 0));
  const placed = table.map((line, index): Line => {
    const [[code, , , node], comment] = line;
    return code === JA && isLeaf(table, index)
      ? [[JA, 0, 0, table.length - index - 1 + (starts[node] ?? 0)], comment]
      : line;
  });
  return [[LD_CPU, 'the CPU that received the packet'], ...placed, ...blocks.flat()];
}

function leaf({ from, value }: Segment<number>): Line {
  return value === null
    ? [ret(OUT_OF_RANGE), "no worker on its node: by the kernel's own hash"]
    : [[JA, 0, 0, value], `from CPU ${from} on: to the workers of its node`];
}

/** The other `ja` of a table are halves of a jump that is too far for a conditional one. */
function isLeaf(table: readonly Line[], index: number): boolean {
  const [[code, , jf]] = table[index - 1] ?? [[0, 0, 0]];
  return code !== JGE || jf === 0;
}

/** What {@link lines} made this program from, without nodes that have no slots; null for any other program. */
export function nodesOf(program: readonly Instruction[]): Nodes | null {
  const bounds: number[] = [];
  const targets: (number | null)[] = [];
  for (let index = 1; targets.length <= bounds.length; index++) {
    const [code, , jf = 0, k = 0] = program[index] ?? [];
    if (code === JGE) {
      bounds.push(k);
      index += jf;
    } else if (code === JA) targets.push(index + 1 + k);
    else if (code === RET && k === OUT_OF_RANGE) targets.push(null);
    else return null;
  }
  const entries = entriesOf(readSegments(bounds, targets), NR_CPUS) ?? [];
  const cpusOf = Map.groupBy(entries, ([, target]) => target);
  const nodes: Node[] = [];
  let by: Spread | null = null;
  for (const [start, of] of [...cpusOf].sort(([one], [other]) => one - other)) {
    const members = readAnyOf(program, start);
    if (members === null) return null;
    by ??= members.by;
    nodes.push({ cpus: of.map(([cpu]) => cpu), slots: members.slots });
  }
  const found = { nodes, by: by ?? 'rand' };
  return nodes.length > 0 && same(program, words(lines(found))) ? found : null;
}
