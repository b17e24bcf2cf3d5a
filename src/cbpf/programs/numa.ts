/** `numa`: any worker of the receiving CPU's NUMA node. */
import type { Instruction } from '../instruction.ts';
import { checkCpu, JA, JGE, LD_CPU, NR_CPUS, OUT_OF_RANGE, type ProgramLine, RET, ret } from './line.ts';
import {
  highest,
  type NumaNode,
  type ProgramParameters,
  type SpreadBy,
  type SteeringProgram,
} from './program.ts';
import { entriesOf, readSegments, type Segment, search, segments } from './search.ts';
import { anyOf, checkSlots, readAnyOf } from './spread.ts';

type NumaParameters = Pick<ProgramParameters, 'nodes' | 'spread'>;

/**
 * CPUs of a node without slots, and CPUs in no node, leave the choice to the kernel's hash. Also throws RangeError for
 * a CPU in two nodes, and if no node has a slot.
 */
function lines({ nodes, spread }: NumaParameters): ProgramLine[] {
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
  const blocks = staffed.map(({ slots }) => anyOf(slots, spread));
  const table = search(segments(nodeOfCpu), leaf, 'CPUs');
  // A leaf holds the number of its node in place of the `ja` distance, until the distance to that node's part is known.
  const starts = blocks.map((_, node) => blocks.slice(0, node).reduce((sum, { length }) => sum + length, 0));
  const placed = table.map((line, index): ProgramLine => {
    const [[code, , , node], comment] = line;
    return code === JA && isLeaf(table, index)
      ? [[JA, 0, 0, table.length - index - 1 + (starts[node] ?? 0)], comment]
      : line;
  });
  return [[LD_CPU, 'the CPU that received the packet'], ...placed, ...blocks.flat()];
}

function leaf({ from, value }: Segment<number>): ProgramLine {
  return value === null
    ? [ret(OUT_OF_RANGE), "no worker on its node: by the kernel's own hash"]
    : [[JA, 0, 0, value], `from CPU ${from} on: to the workers of its node`];
}

/** The other `ja` of a table are halves of a jump that is too long for a conditional one. */
function isLeaf(table: readonly ProgramLine[], index: number): boolean {
  const [[code, , jf]] = table[index - 1] ?? [[0, 0, 0]];
  return code !== JGE || jf === 0;
}

/** Leaves out nodes without slots. */
function parse(program: readonly Instruction[]): NumaParameters | null {
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
  const nodes: NumaNode[] = [];
  let spread: SpreadBy | null = null;
  for (const [start, of] of [...cpusOf].sort(([one], [other]) => one - other)) {
    const members = readAnyOf(program, start);
    if (members === null) return null;
    spread ??= members.by;
    nodes.push({ cpus: of.map(([cpu]) => cpu), slots: members.slots });
  }
  return { nodes, spread: spread ?? 'rand' };
}

export const numaProgram: SteeringProgram<NumaParameters> = {
  purpose: "any worker on the receiving CPU's NUMA node",
  use: 'several nodes, each with its own NIC or queues, and workers pinned to a node rather than to a CPU.',
  avoid: 'a single node, and workers pinned to one CPU each: cpu or map finds the exact CPU.',
  parameters: ['nodes', 'spread'],
  lines,
  parse,
  lastSlot: ({ nodes }) => highest(nodes.flatMap(({ slots }) => slots)),
  spreadsFlows: ({ spread }) => spread === 'rand',
};
