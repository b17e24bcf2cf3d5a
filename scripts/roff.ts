/** Text as roff with the macros of man(7). */

const WIDTH = 78;

/** In the middle of a line. `code` becomes bold. */
export function inline(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(
      /[^\x20-\x7e]/gu,
      (symbol) => `\\[u${symbol.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/`([^`]+)`/g, '\\fB$1\\fR');
}

/** A line that begins with a dot or a quote would be a request. */
const guarded = (line: string): string => (/^[.']/.test(line) ? `\\&${line}` : line);

/** Filled text, broken at words. */
export function filled(text: string): string[] {
  const lines: string[] = [];
  for (const word of inline(text).split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  return lines.map(guarded);
}

export const paragraph = (text: string): string[] => ['.PP', ...filled(text)];

/** Lines as they are. */
export const literal = (lines: readonly string[]): string[] => [
  '.PP',
  '.RS 4',
  '.nf',
  ...lines.map((line) => guarded(inline(line.replaceAll('`', '\\(ga')).replaceAll('\\e(ga', '\\(ga'))),
  '.fi',
  '.RE',
];

/** @param term already roff */
export const item = (term: string, text: string): string[] => ['.TP', term, ...filled(text)];

export const section = (name: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`.SH ${name}`, ...(lines[0] === '.PP' ? lines.slice(1) : lines)];

/** The title is quoted, so it may hold spaces. */
export const title = (name: string, number: 1 | 5, date: string, version: string): string =>
  `.TH ${inline(name.toUpperCase())} ${number} ${date} "locality\\-tune ${version}" "locality\\-tune"`;
