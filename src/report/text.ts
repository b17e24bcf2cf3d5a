/** Lines of text for a terminal or a pipe: words, tone and width. */
import type { NamedNetns } from '../host/netns-target.ts';
import { mentionNetns } from '../words/in-netns.ts';

/** Colour has one meaning, how local packets are; `strong` is bold and has none. */
export type Tone = 'local' | 'partly' | 'remote' | 'unknown' | 'strong';

export interface Span {
  readonly text: string;
  readonly tone: Tone | null;
}

/** Every character of a line is one column wide; `clean` ensures that. */
export type Line = readonly Span[];

export interface Style {
  readonly color: boolean;
  /** Rules between sections. */
  readonly rules: boolean;
  /** May characters beyond ASCII be used? */
  readonly unicode: boolean;
  readonly columns: number;
  /** Of tables, which are not read line by line: the terminal's whole width, or Infinity. Default: `columns`. */
  readonly tableColumns?: number;
  /** The network namespace that the user named: paragraphs name it in this program's commands. Default: null. */
  readonly netns?: NamedNetns | null;
}

export function span(text: string, tone: Tone | null = null): Span {
  return { text, tone };
}

export function width(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** Our symbols, all one column wide, and their ASCII replacements. */
const ASCII: ReadonlyMap<string, string> = new Map([
  ['…', '..'],
  ['→', '->'],
  ['●', '*'],
  ['○', 'o'],
  ['─', '-'],
  ['×', 'x'],
  ['█', '#'],
  ['≥', '>='],
  ['≤', '<='],
  ['–', '-'],
  ['—', '-'],
  ['·', '-'],
  ['’', "'"],
  ['µ', 'u'],
  ['−', '-'],
  ['±', '+/-'],
  ['├', '|'],
  ['┤', '|'],
  ['│', '|'],
  ['▁', '1'],
  ['▂', '2'],
  ['▃', '3'],
  ['▄', '4'],
  ['▅', '5'],
  ['▆', '6'],
  ['▇', '7'],
]);

/**
 * Text that is safe on a terminal, one column for each UTF-16 unit. A process may have any name (prctl PR_SET_NAME):
 * control characters, and characters that may be wide, zero-width or right-to-left, are shown as escapes.
 */
export function clean(text: string, unicode: boolean): string {
  return text.replace(/[^\x20-\x7e]/gu, (symbol) => {
    const ascii = ASCII.get(symbol);
    if (ascii !== undefined) return unicode ? symbol : ascii;
    const code = symbol.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return `\\u{${code.toString(16)}}`;
  });
}

/** At most `room` columns; a cut end becomes an ellipsis. `text` is clean already. */
export function truncate(text: string, room: number, unicode: boolean): string {
  if (text.length <= room) return text;
  const ellipsis = clean('…', unicode);
  return room <= ellipsis.length ? text.slice(0, room) : text.slice(0, room - ellipsis.length) + ellipsis;
}

/** Lines of at most `room` columns, broken at spaces; a word longer than a line is cut. Always at least one line. */
export function wrap(text: string, room: number, unicode: boolean): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of clean(text, unicode).split(/ +/)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    while (word.length > room) {
      lines.push(word.slice(0, room));
      word = word.slice(room);
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

/** A paragraph after `lead` (a bullet, a label); later lines are indented by its width. */
export function paragraph(
  lead: string,
  text: string,
  style: Style,
  tone: Tone | null = null,
): readonly Line[] {
  const first = clean(lead, style.unicode);
  const room = Math.max(20, style.columns - first.length);
  return wrap(mentionNetns(text, style.netns ?? null), room, style.unicode).map((line, index) => [
    span(index === 0 ? first : ' '.repeat(first.length)),
    span(line, tone),
  ]);
}
