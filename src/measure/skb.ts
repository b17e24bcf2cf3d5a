/** Computes figures from a probe's counts of packets by receiving (or sending) CPU and reading (or freeing) CPU. */
import { percentOf } from './percent.ts';
import type { Counts, Interval } from './types.ts';

export interface SkbFigure {
  /** null if they are not counted; the variant's notes say why. */
  readonly packets: number | null;
  /** Those that were read on the CPU that received them, or freed on the CPU that sent them. */
  readonly local: number | null;
  /** 0 to 100; null without packets, and if the counts are known to be incomplete. */
  readonly percent: number | null;
}

/** Packets; row: receiving or sending CPU, column: reading or freeing CPU, both as indices of the requested CPUs. */
export type Matrix = readonly (readonly number[])[];

export interface Skbs {
  readonly rx: SkbFigure;
  readonly tx: SkbFigure;
  /** null if not requested. */
  readonly toDriver: SkbFigure | null;
  readonly rxMatrix: Matrix;
  /** null if tx is not counted. */
  readonly txMatrix: Matrix | null;
  readonly notes: readonly string[];
}

/** What a session counts in addition to rx. */
export interface Directions {
  readonly tx: boolean;
  readonly toDriver: boolean;
}

const UNCOUNTED: SkbFigure = { packets: null, local: null, percent: null };

/** `cpus`: those that the matrices show; packets of others (now offline) are only in the figures. */
export function toSkbs({ counts, full }: Interval, cpus: readonly number[], counted: Directions): Skbs {
  const pairs = new Map(['rx', 'tx', 'driver'].map((name) => [name, pairsOf(counts, name)]));
  const figure = (name: string): SkbFigure => {
    const { packets, local, percent } = figureOf(pairs.get(name) ?? []);
    return { packets, local, percent: full.includes(name) ? null : percent };
  };
  const unknown = counts.get('unknown')?.get('') ?? 0;
  return {
    rx: figure('rx'),
    tx: counted.tx ? figure('tx') : UNCOUNTED,
    toDriver: counted.toDriver ? figure('driver') : null,
    rxMatrix: matrixOf(pairs.get('rx') ?? [], cpus),
    txMatrix: counted.tx ? matrixOf(pairs.get('tx') ?? [], cpus) : null,
    notes: unknown > 0 ? [unseen(unknown)] : [],
  };
}

/** The first datagram of a socket may be read before the kernel reports that it was delivered. */
const unseen = (datagrams: number): string =>
  datagrams === 1
    ? '1 datagram was not counted, because its delivery was not seen before it was read'
    : `${datagrams} datagrams were not counted, because their delivery was not seen before they were read`;

interface Pair {
  readonly from: number;
  /** ANOTHER_CPU: not `from`; which one is not known. */
  readonly to: number;
  readonly count: number;
}

function pairsOf(counts: Counts, name: string): Pair[] {
  return Array.from(counts.get(name) ?? [], ([key, count]) => {
    const [from = 0, to = 0] = key.split(',').map(Number);
    return { from, to, count };
  });
}

function figureOf(pairs: readonly Pair[]) {
  const packets = pairs.reduce((sum, { count }) => sum + count, 0);
  const local = pairs.reduce((sum, { from, to, count }) => sum + (from === to ? count : 0), 0);
  return { packets, local, percent: percentOf(local, packets) };
}

function matrixOf(pairs: readonly Pair[], cpus: readonly number[]): number[][] {
  const index = new Map(cpus.map((cpu, at) => [cpu, at]));
  const matrix = cpus.map(() => cpus.map(() => 0));
  for (const { from, to, count } of pairs) {
    const row = matrix[index.get(from) ?? -1];
    const column = index.get(to);
    if (row !== undefined && column !== undefined) row[column] = (row[column] ?? 0) + count;
  }
  return matrix;
}
