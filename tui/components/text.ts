/** Names, sets and sentences from outside, made safe for a terminal. */

import type { Cpus } from '../../src/host/cpus.ts';
import type { Owner } from '../../src/host/types.ts';
import { breakCommand } from '../../src/report/commands.ts';
import { clean, wrap } from '../../src/report/text.ts';
import { ranges } from '../../src/words/phrase.ts';
import type { Theme } from '../theme.ts';
import { type Line, span, type Tone } from './line.ts';

/** A number that may not be known. */
export function known(value: number | null | undefined, { mark }: Theme): string {
  return value === null || value === undefined ? mark.unknown : String(value);
}

/** A CPU set, short; a dash if it is empty or not known. */
export function cpusText(cpus: Cpus | null | undefined, { mark, unicode }: Theme): string {
  return cpus === null || cpus === undefined || cpus.length === 0
    ? mark.unknown
    : clean(ranges(cpus), unicode);
}

/** `nginx 29333`; if there are several, the first and how many more. */
export function ownersText(owners: readonly Owner[], { unicode, mark }: Theme): string {
  const [first] = owners;
  if (first === undefined) return mark.unknown;
  const more = owners.length > 1 ? ` and ${owners.length - 1} more` : '';
  return `${clean(first.comm, unicode)} ${first.pid}${more}`;
}

/** A sentence over as many lines as needed, each with a margin. */
export function sentence(
  text: string,
  width: number,
  theme: Theme,
  tone: Tone | null = null,
): readonly Line[] {
  const margin = ' ';
  return wrap(text, Math.max(1, width - margin.length), theme.unicode).map((line) => [
    span(margin),
    span(line, tone),
  ]);
}

/** A shell command in lines of at most `room` columns, broken so that it can still be pasted. */
export function wrapCommand(
  command: string,
  indent: string,
  room: number,
  { unicode }: Theme,
): readonly Line[] {
  const least = indent.length + 12;
  return breakCommand(clean(command, unicode), indent, Math.max(least, room)).map((line) => [
    span(line, 'accent'),
  ]);
}
