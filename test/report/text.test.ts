import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, paragraph, truncate, width, wrap } from '../../src/report/text.ts';

const style = { color: false, rules: false, unicode: true, columns: 60 };

describe('clean', () => {
  it('shows control characters instead of sending them', () => {
    expect(clean('\x1b[31mnginx\n\x07\x9b', true)).toBe('\\x1b[31mnginx\\x0a\\x07\\x9b');
  });

  it('escapes what may be wide, joined or right-to-left', () => {
    expect(clean('日é\u202e\u0301🙂\ud800', true)).toBe('\\u{65e5}\\xe9\\u{202e}\\u{301}\\u{1f642}\\u{d800}');
  });

  it('keeps our symbols, or replaces them in ASCII', () => {
    expect(clean('● rx-0 … rx-7 → 3', true)).toBe('● rx-0 … rx-7 → 3');
    expect(clean('● rx-0 … rx-7 → 3', false)).toBe('* rx-0 .. rx-7 -> 3');
  });

  it('leaves only printable single-width characters of any text, in one pass', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, unicode) => {
        const cleaned = clean(text, unicode);
        expect(cleaned).toMatch(unicode ? /^[\x20-\x7e…→●○─×≥≤–—·’µ]*$/ : /^[\x20-\x7e]*$/);
        expect(clean(cleaned, unicode)).toBe(cleaned);
      }),
    );
  });
});

describe('wrap', () => {
  it('loses no word and no character, in any width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 120 }), (text, room) => {
        const lines = wrap(text, room, true);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(room);
        expect(lines.join('').replaceAll(' ', '')).toBe(clean(text, true).replaceAll(' ', ''));
      }),
    );
  });

  it('breaks at spaces', () => {
    expect(wrap('one two three', 7, true)).toEqual(['one two', 'three']);
    expect(wrap('', 7, true)).toEqual(['']);
  });
});

it('truncates with an ellipsis, in ASCII too', () => {
  expect(truncate('0-15,32-47', 8, true)).toBe('0-15,32…');
  expect(truncate('0-15,32-47', 8, false)).toBe('0-15,3..');
  expect(truncate('0-15', 4, true)).toBe('0-15');
});

it('indents a paragraph under its bullet', () => {
  const lines = paragraph('● ', 'word '.repeat(30).trim(), style);
  expect(lines.map((line) => line[0]?.text)).toEqual(['● ', '  ', '  ']);
  for (const line of lines) expect(width(line)).toBeLessThanOrEqual(60);
});
