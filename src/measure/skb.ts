/** Packets by the CPU that made them and the CPU that used them: from a probe's counts to figures. */
import { percentOf } from './percent.ts';
import type { Counts, Interval } from './types.ts';

export interface Figure {
  /** null when they are not counted; the variant's notes say why. */
  readonly packets: number | null;
  /** Those used on the CPU that made them. */
  readonly local: number | null;
  /** 0 to 100; null of nothing, and of what is known to be incomplete. */
  readonly percent: number | null;
}

/** Packets; row: the CPU that made them, column: the CPU that used them, both as indices of the CPUs asked for. */
export type Matrix = readonly (readonly number[])[];

export interface Skbs {
  readonly rx: Figure;
  readonly tx: Figure;
  /** null where that was not asked. */
  readonly toDriver: Figure | null;
  readonly rxMatrix: Matrix;
  /** null when tx is not counted. */
  readonly txMatrix: Matrix | null;
  readonly notes: readonly string[];
}

export interface Counted {
  readonly tx: boolean;
  readonly toDriver: boolean;
}

const UNCOUNTED: Figure = { packets: null, local: null, percent: null };

/** `cpus`: those that the matrices show; packets of others (offline since) are in the figures only. */
export function toSkbs({ counts, full }: Interval, cpus: readonly number[], counted: Counted): Skbs {
  const pairs = new Map(['rx', 'tx', 'driver'].map((name) => [name, pairsOf(counts, name)]));
  const figure = (name: string): Figure => {
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
    notes: unknown > 0 ? [`${unknown} datagrams are not counted: their delivery was not seen`] : [],
  };
}

interface Pair {
  readonly made: number;
  /** NOWHERE: on another CPU than `made`, it is not known which. */
  readonly used: number;
  readonly count: number;
}

/** The `used` of a probe that only knows that it was elsewhere. */
export const NOWHERE = 65_535;

function pairsOf(counts: Counts, name: string): Pair[] {
  return Array.from(counts.get(name) ?? [], ([key, count]) => {
    const [made = 0, used = 0] = key.split(',').map(Number);
    return { made, used, count };
  });
}

function figureOf(pairs: readonly Pair[]) {
  const packets = pairs.reduce((sum, { count }) => sum + count, 0);
  const local = pairs.reduce((sum, { made, used, count }) => sum + (made === used ? count : 0), 0);
  return { packets, local, percent: percentOf(local, packets) };
}

function matrixOf(pairs: readonly Pair[], cpus: readonly number[]): number[][] {
  const index = new Map(cpus.map((cpu, at) => [cpu, at]));
  const matrix = cpus.map(() => cpus.map(() => 0));
  for (const { made, used, count } of pairs) {
    const row = matrix[index.get(made) ?? -1];
    const column = index.get(used);
    if (row !== undefined && column !== undefined) row[column] = (row[column] ?? 0) + count;
  }
  return matrix;
}

/** Bytes of kernel memory that one map may take: each entry has 8 for every possible CPU. */
const MAP_BYTES = 128 * 1024 * 1024;
/** skb.tracepoint.bt alone uses 4,096. */
const LEAST = 8_192;

/** Room for every pair of CPUs, up to 256 of them; beyond, for as many as fit. */
export const skbKeys = (possibleCpus: number): number =>
  Math.max(LEAST, Math.min(possibleCpus * (possibleCpus + 1), Math.floor(MAP_BYTES / (8 * possibleCpus))));
