import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Configuration, Sample } from '../../src/live/types.ts';
import type { Pane } from '../../tui/pane.ts';
import { events } from '../../tui/panes/events.tsx';
import { findings } from '../../tui/panes/findings.tsx';
import { groups } from '../../tui/panes/groups.tsx';
import { matrix } from '../../tui/panes/matrix.tsx';
import { overview } from '../../tui/panes/overview.tsx';
import { paths } from '../../tui/panes/paths.tsx';
import { queues } from '../../tui/panes/queues.tsx';
import { group, host, nic, owner } from '../fixtures/hosts.ts';
import { configurationOf, eight, historyOf, large, NOW, pair, tuned } from '../fixtures/samples.ts';
import { huge } from '../report/machines.ts';
import { ascii, colours, linesOf, plain, propsOf, type Size, sixteen, textsOf } from './screens.ts';

const PANES: readonly Pane[] = [overview, matrix, queues, groups, paths, findings, events];
const SIZES: readonly Size[] = [
  { width: 60, height: 12 },
  { width: 80, height: 21 },
  { width: 200, height: 57 },
  { width: 300, height: 97 },
];
const roomy: Size = { width: 120, height: 30 };

const two = tuned(pair);
const many = tuned(large);
const vast = historyOf([{ configuration: configurationOf(huge), seconds: 2, rx: 0.3, tx: 0.3 }]);
const before = historyOf([
  { configuration: configurationOf(eight()), seconds: 20, rx: 0.125, tx: 0.09, pps: 132_007 },
]);
const unprobed = historyOf([{ configuration: configurationOf(eight()), seconds: 20, rx: null, tx: null }]);

/** Fills its box and leaves it nowhere; each character is one of those that are one column wide. */
function expectFits(lines: readonly string[], { width, height }: Size): void {
  expect(lines).toHaveLength(height);
  for (const line of lines) {
    expect(line).toMatch(/^[\x20-\x7e\u2580-\u259f━╸─│┼✓◐✗–▸▲→…]*$/u);
    expect(line.length).toBeLessThanOrEqual(width);
  }
}

describe.each(PANES.map((pane) => [pane.id, pane] as const))('%s', (_, pane) => {
  it('fills its box, at every size, on every machine, in every theme', () => {
    for (const history of [two.history, many.history, vast, unprobed])
      for (const size of SIZES)
        for (const theme of history === vast ? [colours] : [plain, ascii, colours, sixteen])
          expectFits(linesOf(pane, propsOf(history, size, theme, { cursor: 3 })), size);
  });

  it('makes one element per line, however large the machine is', () => {
    // The overview shows two panes side by side.
    const abreast = pane.id === 'overview' ? 2 : 1;
    for (const size of SIZES)
      expect(textsOf(pane, propsOf(vast, size, colours))).toBeLessThanOrEqual(abreast * size.height);
  });

  it('says why there is no row, and survives a box of one line', () => {
    const props = propsOf(before, roomy, plain, { filter: 'no row has this' });
    expect(pane.rows(props)).toBe(pane.id === 'matrix' ? 8 : 0);
    if (pane.id !== 'matrix' && pane.id !== 'overview')
      expect(linesOf(pane, props).join('\n')).toContain('matches the filter');
    expectFits(linesOf(pane, propsOf(before, { width: 20, height: 1 }, plain)), { width: 20, height: 1 });
  });
});

describe('with anything in a sample', () => {
  const figure = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }));
  const share = fc.option(fc.double({ min: 0, max: 100, noNaN: true }));
  const flow = fc.record({ packets: figure, local: figure, percent: share, pps: figure });
  const comm = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 16 }),
    fc.constantFrom('dns\x1b[2J', '漢字🐑', 'a\tb\nc'),
  );
  const configuration: fc.Arbitrary<Configuration> = fc
    .record({
      cpus: fc.integer({ min: 1, max: 70 }),
      queues: fc.integer({ min: 0, max: 40 }),
      xps: fc.constantFrom(true, false, null),
      comm,
      known: fc.boolean(),
      program: fc.constantFrom('cpu' as const, 'rand' as const, undefined),
      members: fc.integer({ min: 0, max: 30 }),
    })
    .map(({ cpus, queues, xps, comm, known, program, members }) => {
      const workers = Array.from({ length: members }, (_, at) => ({
        cpus: known ? [at % cpus] : null,
        more: {
          owners: known ? [owner([at % cpus], { comm, unit: at % 2 === 0 ? comm : null })] : [],
          recvQueue: known ? at : null,
          drops: null,
        },
      }));
      const irqCpus = known ? {} : { irqCpus: [] };
      return configurationOf(
        host({
          cpus,
          nics: [
            nic({ name: comm || 'x', queues, xps, ...irqCpus }),
            nic({ name: 'eth1', queues: 2, rps: null }),
          ],
          groups:
            members === 0
              ? []
              : [group({ workers, ...(program && { program }), slotSource: known ? 'kernel' : null })],
          more: known ? {} : { notes: [comm] },
        }),
      );
    });
  const sample = fc
    .record({
      configuration,
      rx: flow,
      tx: flow,
      pps: figure,
      percent: share,
      text: comm,
      counted: fc.boolean(),
      starting: fc.boolean(),
    })
    .map(({ configuration, rx, tx, pps, percent, text, counted, starting }): Sample => {
      const cpus = configuration.host.machine.cpus.online;
      const counts = cpus.map((row) => cpus.map((column) => (row * 7 + column * 3) % 11));
      return {
        time: counted ? NOW : text,
        seconds: 1,
        cpus,
        port: counted ? null : 8080,
        rx,
        tx,
        rxMatrix: counted ? counts : null,
        txMatrix: counted ? counts.map((row) => row.map(() => 0)) : null,
        accept: counted
          ? { source: 'sample', seconds: 1, accepts: 0, matched: 0, percent, listeners: [], pairs: [] }
          : null,
        loads: counted ? cpus.map((cpu) => ({ cpu, busy: percent, softirq: percent, pps })) : [],
        queues: [{ nic: 'eth1', direction: 'rx', index: 0, irq: null, interrupts: pps, pps }],
        members: configuration.host.groups.flatMap(({ id, sockets }) =>
          sockets.map(({ inode }) => ({ group: id, inode, rate: pps, percent, recvQueue: null })),
        ),
        events: [{ time: text, kind: 'change', text }],
        probe: { state: starting ? 'starting' : 'failed', coverage: null, notes: starting ? [] : [text] },
        configuration,
      };
    });

  it('every pane fills its box', () => {
    const any = fc.record({
      history: fc.array(sample, { minLength: 1, maxLength: 3 }),
      size: fc.record({ width: fc.integer({ min: 20, max: 300 }), height: fc.integer({ min: 1, max: 100 }) }),
      theme: fc.constantFrom(plain, ascii, colours, sixteen),
      cursor: fc.integer({ min: 0, max: 500 }),
      x: fc.integer({ min: 0, max: 500 }),
      zoom: fc.integer({ min: 1, max: 4 }),
      order: fc.constantFrom('listed' as const, 'worst' as const, 'busiest' as const),
      filter: fc.constantFrom('', 'rx', '1'),
    });
    fc.assert(
      fc.property(
        any,
        fc.constantFrom(...PANES),
        ({ history, size, theme, cursor, x, zoom, order, filter }, pane) => {
          const more = {
            cursor,
            scroll: { x, y: x },
            filter,
            options: { matrix: 'tx' as const, zoom, order },
            marks: [NOW],
          };
          const props = propsOf(history, size, theme, more);
          expectFits(linesOf(pane, props), size);
          expect(pane.rows(props)).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 100 },
    );
  });
});
