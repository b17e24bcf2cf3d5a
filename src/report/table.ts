/** Tables that fit: columns are aligned and cut if necessary, but never the names that a reader has to copy. */
import { count } from '../words/phrase.ts';
import { clean, type Line, type Span, type Style, span, truncate, wrap } from './text.ts';

export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** What to do if the table is too wide: cut the cells, or wrap them (only the last column). Names have none of it. */
  readonly give?: 'cut' | 'wrap';
}

export type Cell = Span | string;

const GAP = 2;
const LEAST = 8;
const LEAST_WRAPPED = 24;

/** Columns without a single entry are left out. Rows have one cell for each column. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): Line[] {
  const cells = rows.map((row) => row.map((cell) => cleanCell(cell, style.unicode)));
  const used = columns
    .map((_, index) => index)
    .filter((index) => cells.some((row) => row[index]?.text !== ''));
  const kept = used.map((index) => columns[index]).filter((column) => column !== undefined);
  const body = cells.map((row) => used.map((index) => row[index] ?? span('')));
  const head = kept.map(({ head }) => cleanCell(span(head, 'strong'), style.unicode));
  const widths = fit(kept, [head, ...body], style);
  return [head, ...body].flatMap((row) => layOut(kept, widths, row, style));
}

/** The line below a table that was cut short. */
export function more(left: number, noun: string): readonly Line[] {
  return left === 0
    ? []
    : [[span(`${count(left, `more ${noun}`)}: --all shows ${left === 1 ? 'it' : 'them'}`)]];
}

function cleanCell(cell: Cell, unicode: boolean): Span {
  const { text, tone } = typeof cell === 'string' ? span(cell) : cell;
  return span(clean(text, unicode), tone);
}

/**
 * Natural widths first; then the wrapping column shrinks, then the widest of those that may be cut. What is left over
 * exceeds the line: a terminal breaks it, and two interfaces whose names begin alike stay apart.
 */
function fit(columns: readonly Column[], rows: readonly (readonly Span[])[], style: Style): number[] {
  const widths = columns.map((_, at) =>
    rows.reduce((most, row) => Math.max(most, row[at]?.text.length ?? 0), 0),
  );
  const over = (room: number) => widths.reduce((sum, each) => sum + each + GAP, -GAP) - room;
  const give = (index: number, least: number, most: number) => {
    const given = Math.max(0, Math.min(most, (widths[index] ?? 0) - least));
    widths[index] = (widths[index] ?? 0) - given;
    return given;
  };
  const { columns: line, tableColumns = line } = style;
  const prose = Number.isFinite(tableColumns) ? tableColumns : line;
  columns.forEach(({ give: how }, index) => {
    if (how === 'wrap') give(index, LEAST_WRAPPED, over(prose));
  });
  const cut = columns.flatMap(({ give: how }, index) => (how === 'cut' ? [index] : []));
  while (over(tableColumns) > 0) {
    const widest = cut.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined || give(widest, LEAST, 1) === 0) break;
  }
  return widths;
}

/** One row as one line, or several if a cell was wrapped. */
function layOut(
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly Span[],
  style: Style,
): Line[] {
  const broken = columns.map(({ give }, index) => {
    const text = row[index]?.text ?? '';
    const room = widths[index] ?? 0;
    return give === 'wrap' ? wrap(text, room, style.unicode) : [truncate(text, room, style.unicode)];
  });
  const height = Math.max(1, ...broken.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => {
    const line = columns.flatMap(({ align }, index) => {
      const text = broken[index]?.[at] ?? '';
      const room = widths[index] ?? 0;
      const padded = align === 'right' ? text.padStart(room) : text.padEnd(room);
      return [span(index === 0 ? '' : ' '.repeat(GAP)), span(padded, row[index]?.tone ?? null)];
    });
    return trimmed(line);
  });
}

/** Padding of the last column would make a terminal break the line. */
function trimmed(line: Line): Line {
  const used = line.findLastIndex(({ text }) => text.trimEnd() !== '');
  return line
    .slice(0, used + 1)
    .map((part, at) => (at === used ? span(part.text.trimEnd(), part.tone) : part));
}
