/** A measurement from a file: a recording of the live view, or the lines of `measure skb --json`. */
import type { Cpus } from '../host/cpus.ts';
import type { Host } from '../host/types.ts';
import { percentOf } from '../measure/percent.ts';
import type { Matrix } from '../measure/skb.ts';
import { failure } from '../system/errors.ts';
import {
  isRecord,
  list,
  Mismatch,
  nullable,
  number,
  object,
  type Shape,
  text,
  whole,
} from '../system/shape.ts';
import { host } from './host-shape.ts';

/** All intervals together. */
export interface RecordedMeasurement {
  /** ISO 8601: ends of the first and the last interval. */
  readonly first: string;
  readonly last: string;
  /** Measured. */
  readonly seconds: number;
  readonly intervals: number;
  /** Rows and columns of the matrices. */
  readonly cpus: Cpus;
  readonly rx: Total;
  readonly tx: Total;
  /** Accepts; local: accepted on the receiving CPU. */
  readonly accept: Total;
  /** Packets by first CPU (row: received, sent) and last CPU (column: read, freed); null if not counted. */
  readonly rxMatrix: Matrix | null;
  readonly txMatrix: Matrix | null;
  /** `fentry`, `kprobe`, `tracepoint`. */
  readonly coverage: readonly string[];
  readonly notes: readonly string[];
  /** The machine at the end of the recording; null if the file has none. */
  readonly host: Host | null;
}

export interface Total {
  /** null if it was never counted. */
  readonly packets: number | null;
  readonly local: number | null;
  /** 0 to 100; null without packets, and if an interval is known to be incomplete. */
  readonly percent: number | null;
  /** From the interface counters. */
  readonly pps: number | null;
}

const count = whole(0, Number.MAX_SAFE_INTEGER);
const flow = object<Total>({
  packets: nullable(count),
  local: nullable(count),
  percent: nullable(number),
  pps: nullable(number),
});

interface Interval
  extends Pick<RecordedMeasurement, 'seconds' | 'cpus' | 'rx' | 'tx' | 'rxMatrix' | 'txMatrix' | 'notes'> {
  readonly time: string;
  readonly coverage: string | null;
  readonly accept: {
    readonly accepts: number;
    readonly matched: number;
    readonly percent: number | null;
  } | null;
}

const interval = object<Interval>({
  time: text,
  seconds: number,
  cpus: list(whole(0, 65_535)),
  rx: flow,
  tx: flow,
  accept: nullable(
    object<NonNullable<Interval['accept']>>({ accepts: count, matched: count, percent: nullable(number) }),
  ),
  rxMatrix: nullable(list(list(count))),
  txMatrix: nullable(list(list(count))),
  coverage: nullable(text),
  notes: list(text),
});

/** Throws only Failure; the caller adds the file name. */
export function parseMeasured(json: string): RecordedMeasurement {
  const lines = json.split('\n').filter((line) => line.trim() !== '');
  const intervals: Interval[] = [];
  let machine: Host | null = null;
  lines.forEach((line, index) => {
    const value = parseLine(line, index, lines.length);
    if (!isRecord(value)) return;
    const at = `line ${index + 1}`;
    const configuration = value['configuration'] ?? value['scene'];
    if (isRecord(configuration)) machine = checked(host, configuration['host'], `${at}: configuration.host`);
    const sample = isRecord(value['sample']) ? value['sample'] : value;
    if (isRecord(sample['rx'])) intervals.push(checked(sized, flattened(sample), `${at}: `));
  });
  if (intervals.length === 0) throw foreign();
  return { ...sum(intervals), host: machine };
}

const foreign = () =>
  failure(
    'not-a-measurement',
    'the file has no packet measurement',
    'make it with: locality-tune live --record FILE, or: locality-tune measure skb -j > FILE',
  );

/** If the writer was interrupted, the last line is cut. */
function parseLine(line: string, index: number, lines: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    if (index === 0) throw foreign();
    if (index === lines - 1) return null;
    throw failure(
      'broken-measurement',
      `line ${index + 1} is not JSON`,
      'it may be incomplete: copy it again',
    );
  }
}

/** A sample has under `probe` what a line of `measure skb` has at the top. */
function flattened(sample: Readonly<Record<string, unknown>>) {
  const probe = isRecord(sample['probe']) ? sample['probe'] : sample;
  return { ...sample, coverage: probe['coverage'], notes: probe['notes'] ?? [] };
}

const sized: Shape<Interval> = (value, at) => {
  const found = interval(value, at);
  const size = found.cpus.length;
  const fits = (matrix: Matrix | null) =>
    matrix === null || (matrix.length === size && matrix.every((row) => row.length === size));
  if (!fits(found.rxMatrix) || !fits(found.txMatrix))
    throw new Mismatch(`${at}a matrix of another size than cpus`);
  return found;
};

function checked<T>(shape: Shape<T>, value: unknown, at: string): T {
  try {
    return shape(value, at);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw failure('broken-measurement', error.message, 'the file was damaged or edited: measure again');
  }
}

function sum(intervals: readonly Interval[]): Omit<RecordedMeasurement, 'host'> {
  const seconds = intervals.reduce((total, each) => total + each.seconds, 0);
  const cpus = [...new Set(intervals.flatMap((each) => each.cpus))].sort((a, b) => a - b);
  const unique = (texts: readonly string[]) => [...new Set(texts)];
  const accepts = intervals.map(({ accept }) => ({
    packets: accept?.accepts ?? null,
    local: accept?.matched ?? null,
    percent: accept?.percent ?? null,
    pps: null,
  }));
  return {
    first: intervals[0]?.time ?? '',
    last: intervals.at(-1)?.time ?? '',
    seconds,
    intervals: intervals.length,
    cpus,
    rx: total(intervals.map((each) => ({ ...each.rx, seconds: each.seconds }))),
    tx: total(intervals.map((each) => ({ ...each.tx, seconds: each.seconds }))),
    accept: total(accepts.map((each) => ({ ...each, seconds: 0 }))),
    rxMatrix: added(
      intervals.map((each) => [each.cpus, each.rxMatrix]),
      cpus,
    ),
    txMatrix: added(
      intervals.map((each) => [each.cpus, each.txMatrix]),
      cpus,
    ),
    coverage: unique(intervals.flatMap(({ coverage }) => coverage ?? [])),
    notes: unique(intervals.flatMap(({ notes }) => notes)),
  };
}

function total(flows: readonly (Total & { readonly seconds: number })[]): Total {
  const counted = flows.filter(({ packets, local }) => packets !== null && local !== null);
  if (counted.length === 0) return { packets: null, local: null, percent: null, pps: rateOf(flows) };
  const packets = counted.reduce((all, each) => all + (each.packets ?? 0), 0);
  const local = counted.reduce((all, each) => all + (each.local ?? 0), 0);
  const incomplete = counted.some((each) => each.percent === null && (each.packets ?? 0) > 0);
  return { packets, local, percent: incomplete ? null : percentOf(local, packets), pps: rateOf(flows) };
}

/** The mean over the time in which it was measured. */
function rateOf(flows: readonly (Total & { readonly seconds: number })[]): number | null {
  const rated = flows.filter(({ pps, seconds }) => pps !== null && seconds > 0);
  const seconds = rated.reduce((all, each) => all + each.seconds, 0);
  const packets = rated.reduce((all, each) => all + (each.pps ?? 0) * each.seconds, 0);
  return seconds > 0 ? Math.round(packets / seconds) : null;
}

/** CPUs may have gone online or offline between the intervals. */
function added(matrices: readonly (readonly [Cpus, Matrix | null])[], cpus: Cpus): Matrix | null {
  if (matrices.every(([, matrix]) => matrix === null)) return null;
  const index = new Map(cpus.map((cpu, at) => [cpu, at]));
  const sums = cpus.map(() => cpus.map(() => 0));
  for (const [own, matrix] of matrices)
    matrix?.forEach((row, from) => {
      const target = sums[index.get(own[from] ?? -1) ?? -1];
      row.forEach((packets, to) => {
        const column = index.get(own[to] ?? -1);
        if (target !== undefined && column !== undefined) target[column] = (target[column] ?? 0) + packets;
      });
    });
  return sums;
}
