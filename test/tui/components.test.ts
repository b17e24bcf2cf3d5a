import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar } from '../../tui/components/bar.ts';
import { BIG_HEIGHT, BIG_WIDTH, bigPercent } from '../../tui/components/big-number.ts';
import { blocksOf, coarsen, extentOf, levelsOf } from '../../tui/components/blocks.ts';
import { headLine, type PaneColumn, place, rowLine } from '../../tui/components/columns.ts';
import { axis, graph } from '../../tui/components/graph.ts';
import { halfLine } from '../../tui/components/heat-map.ts';
import { fit, justify, type Line, merge, span, widthOf } from '../../tui/components/line.ts';
import { paintLine } from '../../tui/components/paint.ts';
import { PERCENT, PPS, percentText, ppsText, RATE, rateText } from '../../tui/components/values.ts';
import { viewport } from '../../tui/components/viewport.ts';
import { range } from '../fixtures/hosts.ts';
import { configurationOf, eight, historyOf, NOW } from '../fixtures/samples.ts';
import { ascii, colours, plain } from './screens.ts';

const text = (line: Line | undefined): string => line?.map((each) => each.text).join('') ?? '';

describe('graph', () => {
  it('distinguishes 0 from not counted, and has the latest at the right', () => {
    expect(text(graph([0, null, 50, 100], 6, 1, plain)[0])).toBe('  ▁ ▄▇');
    expect(text(graph([100, 0, 13], 2, 1, ascii)[0])).toBe('01');
    expect(graph([100, 25], 2, 2, plain).map(text)).toEqual(['▇ ', '█▄']);
  });

  it('paints each column as local as it is', () => {
    expect(graph([3, 99, null], 3, 1, colours)[0]?.map(({ tone }) => tone)).toEqual([
      'remote',
      'local',
      'unknown',
    ]);
  });

  it('marks the sample in which a change was made, and no other', () => {
    const history = historyOf([{ configuration: configurationOf(eight()), seconds: 30, rx: 0.5, tx: 0.5 }]);
    const changed = new Date(Date.parse(NOW) - 4000).toISOString();
    expect(text(axis(history, [changed], 20, plain))).toBe('19 s ago       ▲    ');
    expect(text(axis(history, ['not a time'], 8, plain)).trim()).toBe('');
  });
});

describe('values', () => {
  it('are words of a fixed width', () => {
    expect([12.6, 100, 0, null].map((each) => percentText(each, plain))).toEqual([
      '12.6',
      '100.0',
      '0.0',
      '–',
    ]);
    expect([0.4, 9999, 132_007, 1.25e6].map((each) => rateText(each, plain))).toEqual([
      '0.4',
      '9999',
      '132k',
      '1.3M',
    ]);
    expect([null, 7.04, 132_007, 1.2e9].map((each) => ppsText(each, ascii))).toEqual([
      '- pps',
      '7.0 pps',
      '132 kpps',
      '1.2 Gpps',
    ]);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 9e11, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (rate, percent) => {
          expect(rateText(rate, plain).length).toBeLessThanOrEqual(RATE);
          expect(ppsText(rate, plain).length).toBeLessThanOrEqual(PPS);
          expect(percentText(percent, plain).length).toBeLessThanOrEqual(PERCENT);
        },
      ),
    );
  });

  it('are as wide as their figure, three lines high', () => {
    for (const percent of [100, 12.6, 0, null]) {
      const lines = bigPercent(percent, plain);
      expect(lines.map(widthOf)).toEqual(range(BIG_HEIGHT).map(() => BIG_WIDTH));
    }
    expect(bigPercent(100, plain).map(text)).toEqual([
      '▄█  █▀█ █▀█   █▀█',
      ' █  █ █ █ █   █ █',
      '▀▀▀ ▀▀▀ ▀▀▀ ▀ ▀▀▀',
    ]);
  });
});

it('a bar has its width, and shows any amount above 0', () => {
  fc.assert(
    fc.property(
      fc.option(fc.double({ noNaN: true })),
      fc.nat(40),
      fc.constantFrom(plain, ascii),
      (share, width, theme) => {
        const drawn = bar(share, width, theme);
        expect(drawn).toHaveLength(width);
        if (width > 0) expect(drawn.trim() !== '').toBe((share ?? 0) > 0);
      },
    ),
  );
});

const lines = fc.array(
  fc.tuple(fc.string(), fc.constantFrom('local', 'strong', null)).map(([each, tone]) => span(each, tone)),
);

describe('lines', () => {
  it('fit, and lose nothing where there is room', () => {
    fc.assert(
      fc.property(lines, fc.nat(60), (line, width) => {
        const shown = fit(line, width, plain);
        expect(widthOf(shown)).toBe(Math.min(width, widthOf(line)));
        if (widthOf(line) <= width) expect(shown).toEqual(line);
        else if (width > 1) expect(text(shown)).toBe(`${text(line).slice(0, width - 1)}…`);
      }),
    );
    expect(text(fit([span('abc'), span('def')], 3, ascii))).toBe('a..');
  });

  it('are never wider than the line, also with a right side', () => {
    fc.assert(
      fc.property(lines, lines, fc.nat(60), (left, right, width) => {
        expect(widthOf(justify(left, right, width, plain))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('say the same when merged, and when painted', () => {
    fc.assert(
      fc.property(lines, (line) => {
        expect(text(merge(line))).toBe(text(line));
        expect(stripVTControlCharacters(paintLine(line, colours))).toBe(text(line));
      }),
    );
    expect(paintLine([span('a', 'local'), span('b', 'strong')], plain)).toBe('a\x1b[1mb\x1b[22m');
    expect(paintLine([{ text: 'x', tone: null, foreground: 'red', background: '#102030' }], colours)).toBe(
      '\x1b[31m\x1b[48;2;16;32;48mx\x1b[49m\x1b[39m',
    );
  });
});

it('a viewport is full, in range, and holds the cursor', () => {
  const number = fc.integer({ min: -10, max: 2000 });
  fc.assert(
    fc.property(
      fc.nat(1500),
      fc.integer({ min: 1, max: 100 }),
      number,
      number,
      (count, height, cursor, scroll) => {
        const view = viewport(count, height, cursor, scroll);
        expect(view.end - view.start).toBe(Math.min(count, height));
        expect(view.start).toBeGreaterThanOrEqual(0);
        expect(view.end).toBeLessThanOrEqual(count);
        if (count === 0 || cursor < 0) expect(view.cursor).toBe(-1);
        else expect(view.start <= view.cursor && view.cursor < view.end).toBe(true);
      },
    ),
  );
});

describe('columns', () => {
  type Row = { readonly name: string; readonly rate: number };
  const columns: readonly PaneColumn<Row>[] = [
    { head: 'name', align: 'left', width: 6, cell: ({ name }) => span(name) },
    { head: 'rate/s', align: 'right', width: 3, leaves: 2, cell: ({ rate }) => span(String(rate)) },
    { head: 'why', align: 'left', width: 4, leaves: 1, grows: true, cell: () => span('because') },
  ];
  const shown = (width: number) => {
    const placed = place(columns, width);
    return [headLine(placed, plain), rowLine(placed, { name: 'a-long-name', rate: 7 }, plain)].map(text);
  };

  it('grow and leave with the room, and stay in line', () => {
    expect(shown(30)).toEqual(['name    rate/s  why           ', 'a-lon…       7  because       ']);
    expect(shown(13)).toEqual(['name    why  ', 'a-lon…  beca…']);
    expect(shown(8)).toEqual(['name  ', 'a-lon…']);
  });
});

describe('blocks', () => {
  const numa = [
    { node: 0, cpus: [0, 1, 4, 5] },
    { node: 1, cpus: [2, 3, 6, 7] },
  ];

  it('put the CPUs of a node together, and never two nodes into one', () => {
    const blocks = blocksOf(range(9), numa, 3);
    expect(blocks.map(({ node, cpus }) => [node, ...cpus])).toEqual([
      [0, 0, 1, 4],
      [0, 5],
      [1, 2, 3, 6],
      [1, 7],
      [null, 8],
    ]);
  });

  it('lose no packet', () => {
    const matrix = fc.integer({ min: 1, max: 12 }).chain((size) => {
      const row = fc.array(fc.nat(1000), { minLength: size, maxLength: size });
      return fc.array(row, { minLength: size, maxLength: size });
    });
    fc.assert(
      fc.property(matrix, fc.integer({ min: 1, max: 5 }), (counts, size) => {
        const { sums, local, most } = coarsen(counts, blocksOf(range(counts.length), numa, size));
        const all = (of: readonly (readonly number[])[]) => of.flat().reduce((sum, each) => sum + each, 0);
        expect(all(sums)).toBe(all(counts));
        expect(all([local])).toBe(counts.reduce((sum, row, at) => sum + (row[at] ?? 0), 0));
        expect(most).toBe(Math.max(...sums.flat()));
      }),
    );
  });

  it('of every level are smaller than those of the next', () => {
    for (const shades of [true, false]) {
      const widths = levelsOf(shades).map((level) => extentOf(range(128), numa, level).width);
      expect(widths).toEqual(widths.toSorted((a, b) => a - b));
    }
  });
});

it('half lines put two rows into one', () => {
  const cell = (background?: string) => ({ character: ' ', ...(background && { background }) });
  const line = halfLine(
    [cell('red'), cell('red'), cell(), cell()],
    [cell('green'), cell('red'), cell('red'), cell()],
  );
  expect(text(line)).toBe('▀ ▄ ');
  expect(text(halfLine([cell('red')], []))).toBe('▀');
});
