/** What pages of tests are about. */
import type { Page } from '../../src/html/page.ts';
import type { Matrix } from '../../src/measure/skb.ts';
import { parseMeasured, type RecordedMeasurement } from '../../src/snapshot/measured.ts';
import { range } from '../fixtures/hosts.ts';
import { bad, inspectionOf } from '../report/machines.ts';

/** Packets that nothing else is equal to: row 3, column 5 of the second interval adds 2,035. */
export const cell = (row: number, column: number): number =>
  1000 * (row === column ? 9 : 1) + 10 * row + column;

const flow = (matrix: Matrix) => {
  const packets = matrix.flat().reduce((sum, each) => sum + each, 0);
  const local = matrix.reduce((sum, row, at) => sum + (row[at] ?? 0), 0);
  return { packets, local, percent: Math.round((1000 * local) / packets) / 10, pps: packets };
};

/** One line of `measure skb -j`. */
export function skbLine(cpus: number, times = 1): string {
  const matrix = range(cpus).map((row) => range(cpus).map((column) => times * cell(row, column)));
  return JSON.stringify({
    schema: 'locality-tune.skb/1',
    time: `2026-11-21T04:00:0${times}.000Z`,
    seconds: 1,
    coverage: 'fentry',
    rx: flow(matrix),
    tx: flow(matrix),
    toDriver: null,
    cpus: range(cpus),
    rxMatrix: matrix,
    txMatrix: matrix,
    lost: 0,
    notes: ['a note of the probe'],
  });
}

export const measuredOn = (cpus: number): RecordedMeasurement =>
  parseMeasured(`${skbLine(cpus)}\n${skbLine(cpus, 2)}\n`);

export function pageOf(more: Partial<Page> = {}): Page {
  return {
    inspection: inspectionOf(bad),
    source: 'a test',
    counters: null,
    measured: null,
    comparison: null,
    experiment: null,
    version: '0.1.0',
    ...more,
  };
}
