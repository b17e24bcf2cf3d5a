/** Skips blanks and comments between the numbers of a program. */

/** Offset of the first character from `at` on that is neither blank nor in a C or assembler comment. */
export function skipBlanks(text: string, at: number): number {
  for (let here = at; ; here++) {
    const two = text.slice(here, here + 2);
    const first = two.charAt(0);
    if (two === '//' || first === ';' || (first === '#' && (here === 0 || text.charAt(here - 1) === '\n'))) {
      const end = text.indexOf('\n', here);
      if (end < 0) return text.length;
      here = end;
    } else if (two === '/*') {
      const end = text.indexOf('*/', here + 2);
      if (end < 0) return here;
      here = end + 1;
    } else if (first === '' || !' \t\n\r\f\v'.includes(first)) return here;
  }
}
