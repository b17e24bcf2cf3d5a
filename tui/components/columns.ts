/** Tables with stable columns: widths come from the configuration, not from measured values. */
import type { Theme } from '../theme.ts';
import { type Line, pad, type Span, span } from './line.ts';

export interface PaneColumn<Row> {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** Width of the cells; the head may be wider. For a growing column: the minimum. */
  readonly width: number;
  readonly cell: (row: Row) => Span;
  /** If there is no room, columns with the highest number are dropped first; a column without one always stays. */
  readonly leaves?: number;
  /** Takes the remaining width. */
  readonly grows?: boolean;
}

export type PlacedColumn<Row> = PaneColumn<Row> & { readonly room: number };

const GAP = 2;

/** The columns that fit `width`, each with its width. */
export function place<Row>(columns: readonly PaneColumn<Row>[], width: number): readonly PlacedColumn<Row>[] {
  let kept = columns.map((column) => ({ ...column, room: Math.max(column.width, column.head.length) }));
  const excess = () => kept.reduce((sum, { room }) => sum + room + GAP, -GAP) - width;
  for (const { leaves } of columns.toSorted((a, b) => (b.leaves ?? 0) - (a.leaves ?? 0))) {
    if (leaves === undefined || excess() <= 0) break;
    kept = kept.filter((column) => column.leaves !== leaves);
  }
  const left = Math.max(0, -excess());
  const growing = kept.findIndex(({ grows }) => grows === true);
  return kept.map((column, at) => (at === growing ? { ...column, room: column.room + left } : column));
}

export function headLine<Row>(placed: readonly PlacedColumn<Row>[], theme: Theme): Line {
  return lineOf(placed, ({ head }) => span(head, 'dim'), theme);
}

export function rowLine<Row>(placed: readonly PlacedColumn<Row>[], row: Row, theme: Theme): Line {
  return lineOf(placed, ({ cell }) => cell(row), theme);
}

function lineOf<Row>(
  placed: readonly PlacedColumn<Row>[],
  cell: (column: PlacedColumn<Row>) => Span,
  theme: Theme,
): Line {
  return placed.flatMap((column, at) => {
    const each = cell(column);
    const padded = { ...each, text: pad(each.text, column.room, column.align, theme) };
    return at === 0 ? [padded] : [span(' '.repeat(GAP)), padded];
  });
}

/** Width of the longest text. */
export function longest(texts: Iterable<string>): number {
  let most = 0;
  for (const { length } of texts) most = Math.max(most, length);
  return most;
}
