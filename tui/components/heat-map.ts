/** Cells of a heat map as characters: a cell takes half a line, or one line and two columns. */
import type { HeatCell } from '../ramp.ts';
import type { Theme } from '../theme.ts';
import { type Line, merge, type Span, span } from './line.ts';

/** Two rows in one line, `▀`: its foreground is the upper cell, its background the lower one. */
export function halfLine(upper: readonly HeatCell[], lower: readonly HeatCell[]): Line {
  return merge(upper.map((cell, at) => half(cell.background, lower[at]?.background)));
}

function half(above: string | undefined, below: string | undefined): Span {
  if (above === below) return { text: ' ', tone: null, background: above };
  if (above === undefined) return { text: '▄', tone: null, foreground: below };
  return { text: '▀', tone: null, foreground: above, background: below };
}

/** One row in one line, each cell `columns` wide. */
export function wholeLine(cells: readonly HeatCell[], columns: number, theme: Theme): Line {
  return merge(
    cells.map(({ character, foreground, background }) =>
      hasShades(theme)
        ? { ...span(' '.repeat(columns)), background }
        : { ...span(character.repeat(columns)), foreground },
    ),
  );
}

/** Can shades of colour alone show the amount? Otherwise characters must, which need a line each. */
export function hasShades({ colour, unicode }: Theme): boolean {
  return unicode && (colour === '256' || colour === 'true');
}
