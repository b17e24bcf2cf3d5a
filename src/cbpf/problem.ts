/** What is wrong with a text, where, and how to show it. */

/** Line and column count from 1, columns in UTF-16 units. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** Null if there is no text to point into. */
  readonly place: SourcePosition | null;
  readonly message: string;
  /** What would have been right there; null if several things would. */
  readonly expected: string | null;
}

/** Turns offsets into lines and columns; fast as long as the offsets grow from call to call. */
export function locator(text: string): (offset: number) => SourcePosition {
  let line = 1;
  let start = 0;
  let end = text.indexOf('\n');
  return (offset) => {
    if (offset < start) {
      line = 1;
      start = 0;
      end = text.indexOf('\n');
    }
    for (; end >= 0 && end < offset; end = text.indexOf('\n', start)) {
      line++;
      start = end + 1;
    }
    return { line, column: offset - start + 1 };
  };
}

/** @param name of the file @return one line, `name:2:5: found 'q', expected a number` */
export function problemText({ place, message, expected }: Problem, name: string): string {
  const where = place === null ? name : `${name}:${place.line}:${place.column}`;
  return `${where}: ${message}${expected === null ? '' : `; expected ${expected}`}`;
}

/** Columns of the line to show; a program on one line may be long. */
const [BEFORE, WIDTH] = [60, 96];

/** The line and a caret under the place; nothing if there is no text to point into. */
export function caretLines(text: string, place: SourcePosition | null): string[] {
  const line = place === null ? undefined : text.split('\n')[place.line - 1];
  if (place === null || line === undefined || line.trim() === '') return [];
  const from = Math.max(0, place.column - 1 - BEFORE);
  const shown = line.slice(from, from + WIDTH).replace(/\t/g, ' ');
  return [`    ${shown}`, `    ${' '.repeat(place.column - 1 - from)}^`];
}
