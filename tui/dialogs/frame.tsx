/** A dialog: a title, lines that may be scrolled, and its keys. It replaces the pane. */
import type { ReactNode } from 'react';
import { fit, type Line, span, widthOf } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import type { Theme } from '../theme.ts';

interface FrameProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly keys: string;
  /** Lines scrolled; clamped here. */
  readonly scroll: number;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

const MOST_COLUMNS = 110;

/** The room inside the frame of a dialog. */
export function within({ width, height }: { readonly width: number; readonly height: number }): {
  readonly columns: number;
  readonly room: number;
} {
  return { columns: Math.min(width, MOST_COLUMNS) - 4, room: Math.max(1, height - 2) };
}

export function Frame({ title, lines, keys, scroll, width, height, theme }: FrameProps): ReactNode {
  const columns = Math.min(width, MOST_COLUMNS);
  const { room } = within({ width, height });
  const first = Math.min(scroll, Math.max(0, lines.length - room));
  const left = lines.length - room - first;
  const more = left > 0 ? ` ${left} more lines below ` : '';
  const shown = lines.slice(first, first + room);
  const body = shown.map((line) => boxed(line, columns, theme));
  const blank = Array.from({ length: Math.max(0, Math.min(room, lines.length) - body.length) }, () =>
    boxed([], columns, theme),
  );
  const framed = [
    edge(` ${title} `, '', columns, theme, 'top'),
    ...body,
    ...blank,
    edge(` ${keys} `, more, columns, theme, 'bottom'),
  ];
  return <Rows lines={framed} width={width} height={height} theme={theme} />;
}

function boxed(line: Line, columns: number, theme: Theme): Line {
  const side = span(theme.unicode ? '│' : '|', 'dim');
  const inner = fit(line, columns - 4, theme);
  const blank = ' '.repeat(Math.max(0, columns - 4 - widthOf(inner)));
  return [side, span(' '), ...inner, span(`${blank} `), side];
}

function edge(text: string, right: string, columns: number, theme: Theme, where: 'top' | 'bottom'): Line {
  const [from, dash, to] = theme.unicode ? (where === 'top' ? '┌─┐' : '└─┘') : '+-+';
  const [label = span('')] = fit([span(text, where === 'top' ? 'strong' : 'accent')], columns - 4, theme);
  const free = columns - 3 - label.text.length;
  const shown = right.length <= free ? right : '';
  return [
    span(`${from}${dash}`, 'dim'),
    label,
    span((dash ?? '-').repeat(Math.max(0, free - shown.length)), 'dim'),
    span(shown, 'dim'),
    span(to ?? '', 'dim'),
  ];
}
