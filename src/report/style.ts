/** Turns lines into characters: the only file that knows escape sequences. */
import { printable } from '../words/printable.ts';
import { clean, type Line, type Style, span, type Tone, truncate } from './text.ts';

/** SGR parameters (ECMA-48 8.3.117); grey is 90, "bright black", which every modern terminal has. */
const SGR: Readonly<Record<Tone, string>> = {
  local: '32',
  partly: '33',
  remote: '31',
  unknown: '90',
  strong: '1',
};

export function paint(line: Line, { color }: Pick<Style, 'color'>): string {
  const last = line.findLastIndex(({ text }) => text.trimEnd() !== '');
  return line
    .slice(0, last + 1)
    .map(({ text, tone }, index) => {
      const shown = printable(index === last ? text.trimEnd() : text);
      return color && tone !== null && shown !== '' ? `\x1b[${SGR[tone]}m${shown}\x1b[0m` : shown;
    })
    .join('');
}

/** A section's title: a rule across the screen on a terminal, a plain line in a pipe. */
export function heading(title: string, style: Style): Line {
  const shown = truncate(clean(title, style.unicode), style.columns - 6, style.unicode);
  if (!style.rules) return [span(shown, 'strong')];
  const rule = clean('─', style.unicode);
  const rest = style.columns - shown.length - 4;
  return [span(`${rule.repeat(2)} `), span(shown, 'strong'), span(` ${rule.repeat(rest)}`)];
}
