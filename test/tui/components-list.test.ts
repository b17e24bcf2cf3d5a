import { expect, it } from 'vitest';
import { span } from '../../tui/components/line.ts';
import { type List, listLines } from '../../tui/components/list.ts';
import { paintLine } from '../../tui/components/paint.ts';
import { plain } from './screens.ts';

const list: List = {
  title: [span('title')],
  head: [span('head')],
  count: 9,
  row: (at) => [span(`row ${at}`)],
  foot: (at, room) => Array.from({ length: room + 5 }, (_, line) => [span(`about ${at}, ${line}`)]),
  empty: 'nothing here',
};

function draw(height: number, cursor: number, more: Partial<List> = {}, filter = ''): string[] {
  const place = { width: 20, height, theme: plain, cursor, scroll: { x: 0, y: 0 }, filter };
  return listLines(place, { ...list, ...more }).map((line) => paintLine(line, plain).trimEnd());
}

it('keeps the rows, and gives the foot what they leave', () => {
  expect(draw(10, 7)).toEqual([
    ' title       8 of 9',
    '  head',
    '  row 2',
    '  row 3',
    '  row 4',
    '  row 5',
    '  row 6',
    '▸ row 7',
    'about 7, 0',
    'about 7, 1',
  ]);
  expect(draw(12, 0, { count: 1, foot: () => [[span('about it')]] })).toEqual([
    ' title       1 of 1',
    '  head',
    '▸ row 0',
    '',
    'about it',
  ]);
});

it('has neither mark nor foot without a cursor', () => {
  expect(draw(5, -1)).toEqual([' title', '  head', '  row 0', '  row 1', '  row 2']);
});

it('says whether there is nothing, or whether the filter hides it', () => {
  expect(draw(5, 0, { count: 0 })).toEqual([' title', ' nothing here']);
  expect(draw(5, 0, { count: 0 }, 'x')[1]).toBe(' No row matches the filter.');
});
