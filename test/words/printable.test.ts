import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLines } from '../../src/words/printable.ts';

/** The classes of Unicode that the ranges in printable.ts stand for. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/u;

const CHARACTERS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

describe('printable', () => {
  it('escapes control characters and what reorders text, and nothing else', () => {
    const escaped = CHARACTERS.filter((character) => printable(character) !== character);
    expect(escaped).toEqual(CHARACTERS.filter((character) => UNSAFE.test(character)));
  });

  it('leaves characters beyond the first 65,536 as they are', () => {
    expect(printable('\u{1f600}\u{e0001}')).toBe('\u{1f600}\u{e0001}');
  });

  it('keeps the lines and tabs of several lines', () => {
    expect(printableLines('a\tb\nc\u001b[2J')).toBe('a\tb\nc\\x1b[2J');
  });

  it('escapes JSON so that it means the same', () => {
    const value = { name: '\u009b\u202e\ufeff', 'key\u007f': 1 };
    const json = printableJson(JSON.stringify(value, null, 2));
    expect(UNSAFE.test(json.replaceAll('\n', ''))).toBe(false);
    expect(JSON.parse(json)).toEqual(value);
  });
});
