/** The picture of a matrix: cells, borders between nodes, and the numbers of the CPUs. */
import type { Sample } from '../../src/live/types.ts';
import type { HeatCell } from '../ramp.ts';
import type { Theme } from '../theme.ts';
import { type Block, type Coarse, type Level, NUMBERS } from './blocks.ts';
import { halfLine, wholeLine } from './heat-map.ts';
import { type Line, merge, type Span, span } from './line.ts';
import { percentTone, rateText } from './values.ts';

/** Width of the CPU numbers at the left. */
export const GUTTER = 6;

export interface Picture {
  readonly now: Sample;
  readonly theme: Theme;
  readonly level: Level;
  readonly blocks: readonly Block[];
  readonly coarse: Coarse;
}

export interface MatrixView extends Picture {
  /** Block under the cursor; -1 for none. */
  readonly row: number;
  readonly column: number;
  /** Visible columns, node by node. */
  readonly parts: readonly (readonly number[])[];
}

/** Lines of cells and borders; only visible ones are drawn. */
export function bodyLines(
  view: MatrixView,
): readonly { readonly rows: readonly number[]; readonly draw: () => Line }[] {
  const { blocks, level } = view;
  const lines: { rows: readonly number[]; draw: () => Line }[] = [];
  for (let at = 0; at < blocks.length; ) {
    const node = blocks[at]?.node;
    if (at > 0 && blocks[at - 1]?.node !== node) lines.push({ rows: [], draw: () => borderLine(view) });
    const paired = level.halves && blocks[at + 1]?.node === node && at + 1 < blocks.length;
    const rows = paired ? [at, at + 1] : [at];
    lines.push({ rows, draw: () => cellsLine(view, rows) });
    at += rows.length;
  }
  return lines;
}

function cellsLine(view: MatrixView, rows: readonly number[]): Line {
  const { level, theme, blocks, row } = view;
  const [upper = 0, lower] = rows;
  const own = rows.includes(row);
  const label = String(blocks[own ? row : upper]?.cpus[0] ?? '').padStart(GUTTER - 2);
  const parts = view.parts.map((columns): Line => {
    const cells = (at: number) => columns.map((column) => cellOf(view, at, column));
    if (level.halves) return halfLine(cells(upper), lower === undefined ? [] : cells(lower));
    if (level.columns === NUMBERS) return columns.flatMap((column) => numberCell(view, upper, column));
    return wholeLine(cells(upper), level.columns, theme);
  });
  return [
    span(own ? theme.mark.cursor : ' ', 'accent'),
    span(label, own ? 'strong' : 'dim'),
    span(' '),
    ...between(parts, span(bar(theme), 'dim')),
  ];
}

function between(parts: readonly Line[], border: Span): Line {
  return parts.flatMap((part, at) => (at === 0 ? part : [border, ...part]));
}

const bar = ({ unicode }: Theme) => (unicode ? '│' : '|');

function borderLine(view: MatrixView): Line {
  const { level, theme } = view;
  const dash = theme.unicode ? '─' : '-';
  const parts = view.parts.map((columns): Line => [span(dash.repeat(columns.length * level.columns), 'dim')]);
  return [span(' '.repeat(GUTTER)), ...between(parts, span(theme.unicode ? '┼' : '+', 'dim'))];
}

/** CPU numbers where there is room, first that of the cursor's column. */
export function matrixHead(view: MatrixView): Line {
  const { blocks, level, column: cursor } = view;
  const parts = view.parts.map((of): Line => {
    const first = of[0] ?? 0;
    const room = of.length * level.columns;
    const text = Array.from(' '.repeat(room));
    const write = (column: number): readonly [number, number] => {
      const label = String(blocks[column]?.cpus[0] ?? '');
      const width = level.columns === NUMBERS ? NUMBERS - 1 : label.length;
      const end = Math.min((column - first) * level.columns + width, room);
      const start = Math.max(0, end - label.length);
      const free = text.slice(Math.max(0, start - 1), end + 1).every((character) => character === ' ');
      if (free) text.splice(start, label.length, ...label);
      return [start, end];
    };
    const [start, end] = of.includes(cursor) ? write(cursor) : [0, 0];
    for (const column of of) write(column);
    const piece = (from: number, to: number) => text.slice(from, to).join('');
    return merge([
      span(piece(0, start), 'dim'),
      span(piece(start, end), 'strong'),
      span(piece(end, room), 'dim'),
    ]);
  });
  return [span(' '.repeat(GUTTER)), ...between(parts, span(bar(view.theme), 'dim'))];
}

/** Square roots make small values visible: a hundredth of the maximum can still be seen. */
function cellOf(view: MatrixView, row: number, column: number): HeatCell {
  const { coarse, theme } = view;
  const packets = coarse.sums[row]?.[column] ?? 0;
  return packets === 0
    ? theme.ramp(0)
    : theme.ramp(Math.sqrt(packets / coarse.most), toneOf(view, row, column));
}

/** On the same CPU; on the same node, if there are several; or elsewhere. */
function toneOf({ blocks, coarse }: MatrixView, row: number, column: number) {
  if (row === column) {
    const packets = coarse.sums[row]?.[row] ?? 0;
    return percentTone(packets === 0 ? null : (100 * (coarse.local[row] ?? 0)) / packets);
  }
  return severalNodes(blocks) && blocks[row]?.node === blocks[column]?.node ? 'partly' : 'remote';
}

/** Blocks come in the order of their nodes. */
export function severalNodes(blocks: readonly Block[]): boolean {
  return blocks[0]?.node !== blocks.at(-1)?.node;
}

function numberCell(view: MatrixView, row: number, column: number): Line {
  const { coarse, now, theme } = view;
  const packets = coarse.sums[row]?.[column] ?? 0;
  const { character } = cellOf(view, row, column);
  const text = rateText(packets / now.seconds, theme).padStart(NUMBERS - 2);
  const tone = packets === 0 ? 'dim' : toneOf(view, row, column);
  return [span(character, tone), span(`${text} `, tone)];
}
