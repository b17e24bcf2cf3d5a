/** Breaks long shell commands into lines that can still be pasted. */
import { clean, type Line, type Style, span } from './text.ts';

/** What a line break before a character would split: a word, by its quoting, or nothing. */
type Place = 'plain' | 'single' | 'double' | 'escape';

/** For each character of a command, its quoting state (POSIX shell, 2.2 Quoting). */
function places(command: string): readonly Place[] {
  let open: 'plain' | 'single' | 'double' = 'plain';
  let escaped = false;
  return [...command].map((character) => {
    const place = escaped ? 'escape' : open;
    escaped = !escaped && character === '\\' && open !== 'single';
    if (place === 'escape') return place;
    if (character === "'" && open !== 'double') open = open === 'plain' ? 'single' : 'plain';
    if (character === '"' && open !== 'single') open = open === 'plain' ? 'double' : 'plain';
    return place;
  });
}

/**
 * Breaks at spaces outside quotes, with a backslash. A word that is too long is broken inside, after a space if it has
 * one, and continues at the margin, because an indent would become part of it. Single quotes, where a backslash is
 * literal, are closed before the break and reopened after it.
 * @param command printable ASCII
 * @param indent blanks before each line
 * @param room of a line including the indent; at least 12 more than the indent
 */
export function breakCommand(command: string, indent: string, room: number): readonly string[] {
  const standing = places(command);
  const lines: string[] = [];
  let start = 0;
  let lead = indent;
  while (lead.length + command.length - start > room) {
    const most = start + room - lead.length - 2;
    const blank = lastBlank(command, standing, start, most);
    if (blank > start) {
      lines.push(`${lead}${command.slice(start, blank)} \\`);
      start = blank + 1;
      lead = `${indent}  `;
      continue;
    }
    const space = command.lastIndexOf(' ', most - 1);
    const at = space > start ? space + 1 : standing[most] === 'escape' ? most - 1 : most;
    const quote = standing[at] === 'single' ? "'" : '';
    lines.push(`${lead}${command.slice(start, at)}${quote}\\`);
    start = at;
    lead = quote;
  }
  return [...lines, lead + command.slice(start)];
}

/** The last space up to `most` that separates words for the shell. */
function lastBlank(command: string, standing: readonly Place[], start: number, most: number): number {
  let at = most;
  while (at > start && !(command[at] === ' ' && standing[at] === 'plain')) at--;
  return at;
}

export function commandLines(command: string, indent: string, style: Style): readonly Line[] {
  return breakCommand(clean(command, style.unicode), indent, style.columns).map((line) => [span(line)]);
}
