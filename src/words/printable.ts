/** Makes text that anyone may have chosen (the name of a thread or file) harmless for a terminal. */

/**
 * C0, DEL and C1 (ECMA-48: escape sequences, OSC 52 among them), what reorders text (UAX #9, Bidi_Control), and what ends
 * a line or is invisible (U+2028, U+2029, U+FEFF). As ranges: the first \p{} of a process costs it 5 million instructions.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for.
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const escaped = (symbol: string): string => {
  const code = symbol.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
};

/** One line: line ends are shown as escapes too. */
export const printable = (text: string): string => text.replace(UNSAFE, escaped);

/** Several lines, with tabs. */
export const printableLines = (text: string): string =>
  text.replace(UNSAFE, (symbol) => (symbol === '\n' || symbol === '\t' ? symbol : escaped(symbol)));

/** The same JSON value, with JSON escapes for what JSON.stringify leaves unescaped. */
export const printableJson = (json: string): string =>
  json.replace(UNSAFE, (symbol) =>
    symbol === '\n' || symbol === '\t' ? symbol : `\\u${symbol.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
