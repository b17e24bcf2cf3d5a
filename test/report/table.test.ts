import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paint } from '../../src/report/style.ts';
import { type Column, table } from '../../src/report/table.ts';
import { span, width } from '../../src/report/text.ts';

const style = { color: false, rules: false, unicode: true, columns: 40 };
const text = (lines: ReturnType<typeof table>) => lines.map((line) => paint(line, style));

it('aligns columns and leaves out those without an entry', () => {
  const columns: Column[] = [
    { head: 'queue', align: 'left' },
    { head: 'rps', align: 'right' },
    { head: 'irq', align: 'right' },
  ];
  expect(
    text(
      table(
        columns,
        [
          ['rx-0', '', '7'],
          ['rx-10', '', span('1234', 'local')],
        ],
        style,
      ),
    ),
  ).toEqual(['queue   irq', 'rx-0      7', 'rx-10  1234']);
});

it('breaks one column over lines and cuts the others, but no name', () => {
  const columns: Column[] = [
    { head: 'nic', align: 'left' },
    { head: 'group', align: 'left', give: 'cut' },
    { head: 'why', align: 'left', give: 'wrap' },
  ];
  const rows = [
    ['ens1f0np0', 'tcp [2001:db8:0:1:2:3:4:5]:8080', 'a worker is not pinned to one CPU of its own'],
  ];
  expect(text(table(columns, rows, { ...style, columns: 50 }))).toEqual([
    'nic        group          why',
    'ens1f0np0  tcp [2001:db…  a worker is not pinned',
    '                          to one CPU of its own',
  ]);
});

it('is wider than the line only for its names, and then shows all of them', () => {
  const nic: Column = { head: 'nic', align: 'left' };
  const column: fc.Arbitrary<Column> = fc.record({
    head: fc.string({ unit: 'binary' }),
    align: fc.constantFrom('left', 'right'),
    give: fc.constantFrom('cut', 'wrap'),
  });
  const input = fc
    .tuple(fc.array(column, { maxLength: 5 }), fc.stringMatching(/^[a-z0-9:.]{1,60}$/))
    .chain(([columns, name]) =>
      fc.tuple(
        fc.constant<readonly Column[]>([nic, ...columns]),
        fc.constant(name),
        fc.array(
          fc.array(fc.string({ unit: 'binary' }), { minLength: columns.length, maxLength: columns.length }),
          { maxLength: 8 },
        ),
        fc.integer({ min: 20, max: 100 }),
      ),
    );
  fc.assert(
    fc.property(input, ([columns, name, rows, room]) => {
      const lines = table(
        columns,
        [[name, ...columns.slice(1).map(() => 'x')], ...rows.map((row) => ['', ...row])],
        {
          ...style,
          columns: room,
        },
      );
      // The others keep eight columns each, or 24 where they wrap.
      const least = columns
        .slice(1)
        .reduce((sum, { give }) => sum + 2 + (give === 'wrap' ? 24 : 8), Math.max(3, name.length));
      for (const line of lines) expect(width(line)).toBeLessThanOrEqual(Math.max(room, least));
      expect(text(lines).some((line) => line.startsWith(name))).toBe(true);
    }),
    { seed: 17 },
  );
});

it('cuts nothing where there is no width, and still wraps prose', () => {
  const columns: Column[] = [
    { head: 'cpus', align: 'left', give: 'cut' },
    { head: 'why', align: 'left', give: 'wrap' },
  ];
  const cpus = Array.from({ length: 40 }, (_, cpu) => 2 * cpu).join();
  const lines = text(
    table(columns, [[cpus, 'a worker is not pinned to one CPU']], {
      ...style,
      tableColumns: Number.POSITIVE_INFINITY,
    }),
  );
  expect(lines[1]).toContain(cpus);
  expect(lines).toHaveLength(3);
});
