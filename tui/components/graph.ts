/** Percentages over time: one column per sample, the latest at the right. */
import type { Sample } from '../../src/live/types.ts';
import type { Theme } from '../theme.ts';
import { type Line, merge, type Span, span } from './line.ts';
import { percentTone } from './values.ts';

const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const DIGITS = '0123456789';

/**
 * `height` lines of `width` columns, the top first. 0 % is a thin line, unknown is blank, so that 0 % and "not counted"
 * look different.
 * @param values 0 to 100, oldest first
 */
export function graph(
  values: readonly (number | null)[],
  width: number,
  height: number,
  theme: Theme,
): readonly Line[] {
  const shown = values.slice(Math.max(0, values.length - width));
  const before = span(' '.repeat(Math.max(0, width - shown.length)));
  return Array.from({ length: height }, (_, at) => {
    const floor = height - 1 - at;
    return merge([before, ...shown.map((value) => cell(value, floor, height, theme))]);
  });
}

/** @param floor 0 is the lowest line */
function cell(value: number | null, floor: number, height: number, theme: Theme): Span {
  const tone = percentTone(value);
  if (value === null) return span(' ', tone);
  const share = Math.min(1, Math.max(0, value / 100));
  if (!theme.unicode && height === 1) return span(DIGITS.charAt(Math.min(9, Math.floor(share * 10))), tone);
  // An eighth stays free at the top, so that a graph does not touch the one above.
  const filled = Math.max(1, Math.round(share * (height * 8 - 1))) - floor * 8;
  if (filled <= 0) return span(' ', tone);
  // Ink measures ASCII quickly, but a block element by a dozen rules, and most cells of a graph are full.
  if (filled >= 8 && theme[tone] !== undefined) return { text: ' ', tone: null, background: theme[tone] };
  return span(theme.unicode ? (EIGHTHS[Math.min(8, filled) - 1] ?? ' ') : filled >= 4 ? '#' : '_', tone);
}

/** The axis under a graph of the same width: a mark at each change, and the time span. */
export function axis(
  history: readonly Sample[],
  marks: readonly string[],
  width: number,
  theme: Theme,
): Line {
  const shown = history.slice(Math.max(0, history.length - width));
  const moments = marks.map((mark) => Date.parse(mark));
  const changed = ({ time, seconds }: Sample) => {
    const end = Date.parse(time);
    return moments.some((moment) => moment <= end && moment > end - seconds * 1000);
  };
  const cells = shown.map((sample) => (changed(sample) ? theme.mark.change : ' ')).join('');
  const [first, last] = [shown[0], shown.at(-1)];
  const reach = first && last ? (Date.parse(last.time) - Date.parse(first.time)) / 1000 : 0;
  const label = `${agoText(reach)} ago`;
  const free = shown.length >= label.length + 5 && cells.slice(0, label.length).trim() === '';
  return merge([
    span(' '.repeat(Math.max(0, width - shown.length))),
    ...(free ? [span(label, 'dim')] : []),
    span(free ? cells.slice(label.length) : cells, 'accent'),
  ]);
}

/** `45 s`, `2 min 40 s`. */
function agoText(seconds: number): string {
  const whole = Math.round(seconds) || 0;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
