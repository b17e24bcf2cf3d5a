/** Turns lines into characters with SGR sequences: a row is one Text for Ink, with any number of colours. */
import { printable } from '../../src/words/printable.ts';
import type { Theme } from '../theme.ts';
import type { Line, Span } from './line.ts';

/** Select Graphic Rendition (ECMA-48 8.3.117), one attribute per sequence, as Ink's tokenizer requires. */
const sgr = (parameters: string | number): string => `\x1b[${parameters}m`;

const NAMED: ReadonlyMap<string, number> = new Map(
  ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'].map((name, at) => [name, at]),
);

/** Parameters of a colour as the theme names it: of the 16, `ansi256(N)` or `#rrggbb`. */
function parametersOf(colour: string, ground: 'foreground' | 'background'): string {
  const base = ground === 'foreground' ? 30 : 40;
  const indexed = /^ansi256\((\d+)\)$/.exec(colour)?.[1];
  if (indexed !== undefined) return `${base + 8};5;${indexed}`;
  const rgb = /^#(..)(..)(..)$/.exec(colour)?.slice(1);
  if (rgb !== undefined) return `${base + 8};2;${rgb.map((part) => Number.parseInt(part, 16)).join(';')}`;
  // "Bright black" is 60 further on.
  return String(base + (NAMED.get(colour) ?? 60));
}

export function paintLine(line: Line, theme: Theme): string {
  return line.map((each) => paintSpan(each, theme)).join('');
}

function paintSpan({ text: raw, tone, foreground, background }: Span, theme: Theme): string {
  if (raw === '') return '';
  const text = printable(raw);
  if (tone === 'strong') return sgr(1) + text + sgr(22);
  const front = foreground ?? (tone === null ? undefined : theme[tone]);
  const open = [
    front === undefined ? '' : sgr(parametersOf(front, 'foreground')),
    background === undefined ? '' : sgr(parametersOf(background, 'background')),
  ];
  const close = [background === undefined ? '' : sgr(49), front === undefined ? '' : sgr(39)];
  return open.join('') + text + close.join('');
}
