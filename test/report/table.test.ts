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

it('breaks one column over lines and cuts the others', () => {
  const columns: Column[] = [
    { head: 'group', align: 'left', give: 'cut' },
    { head: 'why', align: 'left', give: 'wrap' },
  ];
  const rows = [['tcp [2001:db8:0:1:2:3:4:5]:8080', 'a worker is not pinned to one CPU of its own']];
  expect(text(table(columns, rows, style))).toEqual([
    'group           why',
    'tcp [2001:db8…  a worker is not pinned',
    '                to one CPU of its own',
  ]);
});

it('is never wider than the line, for any content', () => {
  const column: fc.Arbitrary<Column> = fc.record({
    head: fc.string({ unit: 'binary' }),
    align: fc.constantFrom('left', 'right'),
    give: fc.constantFrom('cut', 'wrap'),
  });
  const input = fc
    .array(column, { minLength: 1, maxLength: 6 })
    .chain((columns) =>
      fc.tuple(
        fc.constant(columns),
        fc.array(
          fc.array(fc.string({ unit: 'binary' }), { minLength: columns.length, maxLength: columns.length }),
        ),
        fc.integer({ min: 20, max: 100 }),
      ),
    );
  fc.assert(
    fc.property(input, ([columns, rows, room]) => {
      for (const line of table(columns, rows, { ...style, columns: room })) {
        expect(width(line)).toBeLessThanOrEqual(room);
      }
    }),
  );
});
