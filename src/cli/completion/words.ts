/** The words of a command line as bash gives them to a completion function. */

/**
 * bash splits words at = and : (COMP_WORDBREAKS), and replaces only what follows the last one.
 * @returns the words as they were typed, and how much of the last one bash will not replace
 */
export function joinWords(words: readonly string[]): {
  readonly joined: readonly string[];
  /** Characters at the beginning of the last word. */
  readonly kept: number;
} {
  const joined: string[] = [];
  let isOpen = false;
  for (const word of words) {
    const isBreak = /^[=:]+$/.test(word);
    if (joined.length > 0 && (isOpen || isBreak)) joined.push((joined.pop() ?? '') + word);
    else joined.push(word);
    isOpen = isBreak;
  }
  const last = joined.at(-1) ?? '';
  const typed = isOpen ? '' : (words.at(-1) ?? '');
  return { joined, kept: last.length - typed.length };
}
