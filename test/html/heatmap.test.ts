import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heatmap } from '../../src/html/heatmap.ts';
import { range } from '../fixtures/hosts.ts';
import { cell } from './pages.ts';

const TITLE = /<title>from CPU ([\d,-]+) to CPU ([\d,-]+): (\d+) packets, ([^<]*)<\/title>/g;

const titlesOf = (cpus: readonly number[], matrix: readonly (readonly number[])[]) =>
  [...heatmap({ direction: 'rx', cpus, matrix, numa: [] }).markup.matchAll(TITLE)].map((found) => ({
    from: found[1],
    to: found[2],
    packets: Number(found[3]),
    rest: found[4],
  }));

describe('a heatmap', () => {
  it('has a cell for each pair of CPUs, by the numbers of the CPUs', () => {
    const cpus = [0, 1, 4, 5];
    const titles = titlesOf(
      cpus,
      range(4).map((row) => range(4).map((column) => cell(row, column))),
    );
    expect(titles).toHaveLength(16);
    expect(titles[7]).toMatchObject({ from: '1', to: '5', packets: cell(1, 3) });
  });

  it('loses no packet, however many CPUs share a cell', () => {
    const square = fc.integer({ min: 1, max: 200 }).chain((size) =>
      fc.tuple(
        fc.constant(size),
        fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1), fc.integer({ min: 1, max: 9999 })), {
          maxLength: 20,
        }),
      ),
    );
    fc.assert(
      fc.property(square, ([size, entries]) => {
        const matrix = range(size).map(() => range(size).map(() => 0));
        for (const [row, column, packets] of entries) {
          const line = matrix[row] ?? [];
          line[column] = (line[column] ?? 0) + packets;
        }
        const titles = titlesOf(range(size), matrix);
        const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
        expect(sum(titles.map(({ packets }) => packets))).toBe(sum(matrix.flat()));
        expect(titles.length).toBeLessThanOrEqual(64 * 64);
      }),
      { numRuns: 30 },
    );
  });

  it('says how much of a shared cell was local', () => {
    const matrix = range(128).map((row) => range(128).map((column) => (row === 0 && column < 2 ? 10 : 0)));
    expect(titlesOf(range(128), matrix)).toEqual([
      { from: '0-1', to: '0-1', packets: 20, rest: '100 %, 10 of them local' },
    ]);
  });

  it('shows packets that stay on their node as the live view does, and no node where there is only one', () => {
    const matrix = range(4).map((row) => range(4).map((column) => (row === 0 && column > 0 ? 10 : 0)));
    const tones = (numa: { node: number; cpus: number[] }[]) => {
      const { markup } = heatmap({ direction: 'rx', cpus: range(4), matrix, numa });
      return [...markup.matchAll(/<g class="cell (\w+)[^>]*><title>from CPU 0 to CPU (\d): 10/g)].map(
        (found) => found[1],
      );
    };
    expect(
      tones([
        { node: 0, cpus: [0, 1] },
        { node: 1, cpus: [2, 3] },
      ]),
    ).toEqual(['partly', 'remote', 'remote']);
    expect(tones([{ node: 0, cpus: [0, 1, 2, 3] }])).toEqual(['remote', 'remote', 'remote']);
  });

  it('of nothing is empty, and draws a line between NUMA nodes', () => {
    const empty = range(4).map(() => range(4).map(() => 0));
    const numa = [
      { node: 0, cpus: [0, 1] },
      { node: 1, cpus: [2, 3] },
    ];
    const { markup } = heatmap({ direction: 'tx', cpus: range(4), matrix: empty, numa });
    expect(markup.match(/0 packets, -/g)).toHaveLength(16);
    expect(markup.match(/class="node"/g)).toHaveLength(1);
    expect(markup).not.toContain('NaN');
  });
});
