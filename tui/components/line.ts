/** Lines of a pane as data: text and tone. `paint` turns them into bytes. */
import { clean, truncate } from '../../src/report/text.ts';
import type { Theme } from '../theme.ts';

/** A colour of the theme; `strong` is bold and means nothing. */
export type Tone = 'local' | 'partly' | 'remote' | 'unknown' | 'accent' | 'dim' | 'strong';

/** One column per UTF-16 unit: text from outside must go through `clean` first. */
export interface Span {
  readonly text: string;
  readonly tone: Tone | null;
  /** Cells of a heat map have colours of their own, instead of a tone. */
  readonly foreground?: string | undefined;
  readonly background?: string | undefined;
}

export type Line = readonly Span[];

export function span(text: string, tone: Tone | null = null): Span {
  return { text, tone };
}

export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** At most `width` columns; a cut end becomes an ellipsis. */
export function fit(line: Line, width: number, { unicode }: Pick<Theme, 'unicode'>): Line {
  if (widthOf(line) <= width) return line;
  const ellipsis = clean('…', unicode);
  const cut = width > ellipsis.length ? ellipsis : '';
  const kept: Span[] = [];
  let room = width - cut.length;
  for (const each of line) {
    if (room <= 0) break;
    kept.push({ ...each, text: each.text.slice(0, room) });
    room -= each.text.length;
  }
  return [...kept, span(cut, kept.at(-1)?.tone ?? null)];
}

/** Exactly `width` columns. */
export function pad(
  text: string,
  width: number,
  align: 'left' | 'right',
  { unicode }: Pick<Theme, 'unicode'>,
): string {
  const shown = truncate(text, width, unicode);
  return align === 'right' ? shown.padStart(width) : shown.padEnd(width);
}

/** `left` at the left margin and `right` at the right one; if there is no room for both, only `left`. */
export function justify(left: Line, right: Line, width: number, theme: Theme): Line {
  const gap = width - widthOf(left) - widthOf(right);
  return gap >= 2 ? [...left, span(' '.repeat(gap)), ...right] : fit(left, width, theme);
}

/** Merges neighbouring spans with the same look and drops empty ones, which saves escape sequences. */
export function merge(line: Line): Line {
  const merged: Span[] = [];
  for (const each of line) {
    if (each.text === '') continue;
    const last = merged.at(-1);
    const alike =
      last?.tone === each.tone && last.foreground === each.foreground && last.background === each.background;
    if (last !== undefined && alike) merged[merged.length - 1] = { ...last, text: last.text + each.text };
    else merged.push(each);
  }
  return merged;
}
