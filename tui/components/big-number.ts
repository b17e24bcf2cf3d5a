/** Digits three lines high, readable from across the room. */
import type { Theme } from '../theme.ts';
import { type Line, span } from './line.ts';
import { percentText, percentTone } from './values.ts';

/** Five rows of pixels, three wide; `▀` and `▄` put two rows into a line. */
const GLYPHS: ReadonlyMap<string, readonly string[]> = new Map([
  ['0', ['###', '# #', '# #', '# #', '###']],
  ['1', [' # ', '## ', ' # ', ' # ', '###']],
  ['2', ['###', '  #', '###', '#  ', '###']],
  ['3', ['###', '  #', '###', '  #', '###']],
  ['4', ['# #', '# #', '###', '  #', '  #']],
  ['5', ['###', '#  ', '###', '  #', '###']],
  ['6', ['###', '#  ', '###', '# #', '###']],
  ['7', ['###', '  #', '  #', '  #', '  #']],
  ['8', ['###', '# #', '###', '# #', '###']],
  ['9', ['###', '# #', '###', '  #', '###']],
  ['.', [' ', ' ', ' ', ' ', '#']],
  ['–', ['   ', '   ', '###', '   ', '   ']],
]);

export const BIG_HEIGHT = 3;
/** Columns of `100.0`. */
export const BIG_WIDTH = 17;

/** A percentage, right-aligned in {@link BIG_WIDTH} x {@link BIG_HEIGHT}; for themes with Unicode. */
export function bigPercent(percent: number | null, theme: Theme): readonly Line[] {
  const glyphs = [...percentText(percent, theme)].map((character) => GLYPHS.get(character) ?? []);
  return Array.from({ length: BIG_HEIGHT }, (_, at) => {
    const text = glyphs.map((glyph) => halves(glyph[2 * at] ?? '', glyph[2 * at + 1] ?? '')).join(' ');
    return [span(text.padStart(BIG_WIDTH), percentTone(percent))];
  });
}

const HALVES: Readonly<Record<string, string>> = { '##': '█', '# ': '▀', ' #': '▄' };

function halves(upper: string, lower: string): string {
  return [...upper].map((pixel, at) => HALVES[pixel + (lower[at] ?? ' ')] ?? ' ').join('');
}
