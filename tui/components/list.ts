/** Rows under a fixed head; only rows on the screen are made. */
import type { PaneProps } from '../pane.ts';
import { justify, type Line, span } from './line.ts';
import { viewport } from './viewport.ts';

type Place = Omit<PaneProps, 'history' | 'marks' | 'options'>;

export interface List {
  /** The title, followed by the cursor position. */
  readonly title: Line;
  /** Column heads; none if the rows are sentences. */
  readonly head: Line | null;
  readonly count: number;
  readonly row: (at: number) => Line;
  /** Details of the row under the cursor, in at most `room` lines below the rows. */
  readonly foot?: (at: number, room: number) => readonly Line[];
  /** Text if there are no rows, and no filter hides any. */
  readonly empty: string;
}

/** Width at the left of each row, for the cursor. */
export const MARGIN = 2;

/** Rows that must remain above a foot. */
const LEAST = 6;

export function listLines(place: Place, list: List): readonly Line[] {
  const { width, height, theme, cursor, scroll, filter } = place;
  const { count } = list;
  const position = (at: number) => (at < 0 ? '' : `${at + 1} of ${count} `);
  const title = (at: number) =>
    justify([span(' '), ...list.title], [span(position(at), 'dim')], width, theme);
  if (count === 0)
    return [title(-1), [span(` ${filter === '' ? list.empty : 'No row matches the filter.'}`, 'dim')]];
  const heads = list.head === null ? [] : [[span(' '.repeat(MARGIN)), ...list.head]];
  const room = height - 1 - heads.length;
  const selected = viewport(count, room, cursor, scroll.y).cursor;
  const footRoom = Math.max(0, room - Math.min(LEAST, count));
  const foot = selected < 0 ? [] : (list.foot?.(selected, footRoom) ?? []).slice(0, footRoom);
  const view = viewport(count, room - foot.length, cursor, scroll.y);
  const rows = Array.from({ length: view.end - view.start }, (_, at): Line => {
    const row = view.start + at;
    return [span(row === selected ? `${theme.mark.cursor} ` : '  ', 'accent'), ...list.row(row)];
  });
  const blank = foot.length > 0 && rows.length + foot.length < room ? [[]] : [];
  return [title(selected), ...heads, ...rows, ...blank, ...foot];
}
