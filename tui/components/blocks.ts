/** A matrix of CPUs in the order of their nodes, as coarse as the screen requires. */
import type { Machine } from '../../src/host/types.ts';
import type { Matrix } from '../../src/measure/skb.ts';

/** CPUs that share a row or a column of the picture. */
export interface Block {
  readonly node: number | null;
  readonly cpus: readonly number[];
  /** Their rows and columns in the sample's matrix. */
  readonly indices: readonly number[];
}

/** CPUs by node, in blocks of `size`; CPUs without a known node come last. */
export function blocksOf(
  cpus: readonly number[],
  numa: Machine['cpus']['numa'],
  size: number,
): readonly Block[] {
  const nodeOf = new Map(numa.flatMap(({ node, cpus: of }) => of.map((cpu) => [cpu, node] as const)));
  const indices = new Map(cpus.map((cpu, at) => [cpu, at]));
  const byNode = Map.groupBy(cpus, (cpu) => nodeOf.get(cpu) ?? null);
  const nodes = [...byNode].sort(
    ([a], [b]) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY),
  );
  return nodes.flatMap(([node, of]) =>
    Array.from({ length: Math.ceil(of.length / size) }, (_, at) => {
      const own = of.slice(at * size, (at + 1) * size);
      return { node, cpus: own, indices: own.map((cpu) => indices.get(cpu) ?? -1) };
    }),
  );
}

export interface Coarse {
  /** Packets, by block. */
  readonly sums: readonly (readonly number[])[];
  /** Packets of the block with itself that stayed on their CPU. */
  readonly local: readonly number[];
  readonly most: number;
}

/** One pass over the matrix. */
export function coarsen(matrix: Matrix, blocks: readonly Block[]): Coarse {
  const sums = blocks.map((row) =>
    blocks.map((column) => {
      let sum = 0;
      for (const from of row.indices) for (const to of column.indices) sum += matrix[from]?.[to] ?? 0;
      return sum;
    }),
  );
  const local = blocks.map(({ indices }) => indices.reduce((sum, at) => sum + (matrix[at]?.[at] ?? 0), 0));
  let most = 0;
  for (const row of sums) for (const sum of row) most = Math.max(most, sum);
  return { sums, local, most };
}

/** Cell sizes, from the smallest. */
export interface Level {
  /** CPUs in a block. */
  readonly size: number;
  /** Columns of a cell. */
  readonly columns: number;
  /** Two rows of cells in one line. */
  readonly halves: boolean;
}

export const NUMBERS = 8;

/** @param shades whether colours alone can show values, which two rows in a line need */
export function levelsOf(shades: boolean): readonly Level[] {
  const small = { columns: 1, halves: shades };
  return [
    ...[16, 8, 4, 2, 1].map((size) => ({ size, ...small })),
    { size: 1, columns: 2, halves: false },
    { size: 1, columns: NUMBERS, halves: false },
  ];
}

/** Columns and lines of the picture: cells and the borders between nodes. */
export function extentOf(
  cpus: readonly number[],
  numa: Machine['cpus']['numa'],
  level: Level,
): { width: number; height: number } {
  const blocks = blocksOf(cpus, numa, level.size);
  const byNode = Map.groupBy(blocks, ({ node }) => node);
  const borders = Math.max(0, byNode.size - 1);
  const lines = [...byNode.values()].reduce(
    (sum, of) => sum + Math.ceil(of.length / (level.halves ? 2 : 1)),
    0,
  );
  return { width: blocks.length * level.columns + borders, height: lines + borders };
}
