import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinWords } from '../../../src/cli/completion/words.ts';

it.each([
  [['inspect', '--if'], ['inspect', '--if'], 0],
  [['inspect', '--iface', '=', 'et'], ['inspect', '--iface=et'], 8],
  [['inspect', '--iface', '='], ['inspect', '--iface='], 8],
  [['explain', 'tcp', '192.0.2.1', ':', '80'], ['explain', 'tcp', '192.0.2.1:80'], 10],
  [['explain', 'udp', '[2001', ':', 'db8', '::', '7', ']'], ['explain', 'udp', '[2001:db8::7', ']'], 0],
  [['attach', ''], ['attach', ''], 0],
  [[], [], 0],
])('%j is %j, of which bash keeps %i characters', (words, joined, kept) => {
  expect(joinWords(words)).toEqual({ joined, kept });
});

/** As readline does with its COMP_WORDBREAKS: each run of = and : is a word. */
const split = (word: string): string[] => word.match(/[=:]+|[^=:]+/g) ?? [''];

it('joins again what readline has split', () => {
  // A word that ends in = cannot be told from one that goes on.
  const word = fc.stringMatching(/^[a-z-][a-z]*([=:]{1,2}[a-z]+){0,2}$/);
  const last = fc.stringMatching(/^[a-z-][a-z]*([=:]{1,2}[a-z]*){0,2}$/);
  fc.assert(
    fc.property(fc.array(word), last, (words, end) => {
      const { joined, kept } = joinWords([...words, end].flatMap(split));
      expect(joined).toEqual([...words, end]);
      expect(end.slice(kept)).toMatch(/^[^=:]*$/);
    }),
    { seed: 1 },
  );
});
