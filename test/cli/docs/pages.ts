/** The pages for people, and the command lines in them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** Path in the repository -> text. */
export const PAGES: ReadonlyMap<string, string> = new Map(
  ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root }).sort()].map(
    (path) => [path, readFileSync(join(root, path), 'utf8')],
  ),
);

/** Lines of code: indented, and between fences; those that end in a backslash go on in the next. */
export function codeLines(page: string): readonly string[] {
  let fenced = false;
  const lines = page
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => {
      const isFence = /^ *```/.test(line);
      if (isFence) fenced = !fenced;
      return !isFence && (fenced || /^ {4}\S/.test(line));
    });
  return lines.map((line) => line.trim());
}

/** The indented block of a page that begins with this line, as it is printed. Throws if there is none. */
export function blockOf(page: string, first: string): string {
  const text = PAGES.get(page) ?? '';
  const from = text.indexOf(`    ${first}`);
  if (from < 0) throw new Error(`${page} has no "${first}"`);
  const [block = ''] = text.slice(from).split(/\n(?=\S)/);
  return block.replace(/^ {4}/gm, '').trimEnd();
}

/** `…` in the text. */
export const spans = (page: string): readonly string[] =>
  Array.from(page.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`([^`]+)`/g), ([, text = '']) =>
    text.replace(/\s+/g, ' '),
  );

/**
 * The arguments of each `locality-tune` that a line of shell runs: at its beginning, after sudo, in a pipe, a list or `$(…)`. What
 * it prints about itself (`locality-tune OK: …`) is none.
 */
export function argumentsIn(line: string): readonly (readonly string[])[] {
  const begins = /(?:^|[|;&(]\s*|\bsudo )(?:\S*\/)?locality-tune(?= [a-z-]|$)/g;
  return Array.from(line.matchAll(begins), ({ 0: { length }, index }) => words(line.slice(index + length)));
}

/** As sh splits them, up to the end of the command. */
function words(text: string): readonly string[] {
  const found: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (/\s/.test(char)) {
      if (word !== null) found.push(word);
      word = null;
    } else if (/[|;&)<>]/.test(char) || (char === '#' && word === null)) break;
    else if (char === "'" || char === '"') {
      const end = text.indexOf(char, at + 1);
      if (end < 0) break;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '\\') word = (word ?? '') + (text[++at] ?? '');
    else word = (word ?? '') + char;
  }
  return word === null ? found : [...found, word];
}
