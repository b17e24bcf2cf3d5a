import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValueOf } from '../../src/tune/shape.ts';
import {
  fillSport,
  formatSport,
  parsePortList,
  parseRange,
  parseSport,
  sportIn,
} from '../../src/xdp/sport.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const sports = fc
  .record({
    ports: fc.uniqueArray(port, { minLength: 1, maxLength: 8 }).map((ports) => ports.sort((a, b) => a - b)),
    range: fc.uniqueArray(port, { minLength: 2, maxLength: 2 }).map((ends) => ends.sort((a, b) => a - b)),
    mode: fc.constantFrom('native' as const, 'generic' as const),
    restore: fc.boolean(),
  })
  .map(({ range: [first = 1, last = 2], ...rest }) => ({ ...rest, first, last }));

describe('a random source port', () => {
  it('is read back as it was, from its text and from its maps', () => {
    fc.assert(
      fc.property(sports, (sport) => {
        const text = formatSport(sport);
        expect(parseSport(text)).toEqual(sport);
        expect(isValueOf('xdp', text)).toBe(true);
        const [config, kinds] = fillSport(sport).entries.map(({ values }) => Buffer.from(values, 'base64'));
        expect(sportIn(config ?? Buffer.alloc(0), kinds ?? Buffer.alloc(0), sport)).toEqual(sport);
      }),
      { numRuns: 50 },
    );
  });

  it('is none for other text and other maps', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseSport(text)).toBeNull();
      }),
    );
    expect(
      sportIn(new Uint8Array(40), new Uint8Array(65_536), { mode: 'native', restore: false }),
    ).toBeNull();
  });

  it.each(['0-5', '5-5', '9-1', '1-65536', '1', ''])('knows no range %j', (text) => {
    expect(parseRange(text)).toBeNull();
  });

  it.each(['0', '1,', 'x', '65536'])('knows no ports %j', (text) => {
    expect(parsePortList(text)).toBeNull();
  });
});
