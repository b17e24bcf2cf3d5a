/** Files of `prove -j`, which may come from anybody. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseProved } from '../../src/prove/document.ts';
import { Mismatch } from '../../src/system/shape.ts';
import { EXAMPLE } from './example.ts';

it('reads what prove prints, and drops the rest', () => {
  const printed = JSON.stringify({ schema: 'locality-tune.prove/1', kept: null, ...EXAMPLE });
  expect(parseProved(printed)).toEqual(EXAMPLE);
});

it('reads a file from before --until-clear and the counters of the processor', () => {
  const { untilClear: _, ...design } = EXAMPLE.design;
  const rounds = EXAMPLE.rounds.map(({ values: { cycles: _, number: __, ...values }, ...round }) => ({
    ...round,
    values,
  }));
  expect(parseProved(JSON.stringify({ ...EXAMPLE, design, rounds }))).toEqual(EXAMPLE);
});

it('says of any other file where it is wrong', () => {
  const wrong = { ...EXAMPLE, rounds: [{ ...EXAMPLE.rounds[0], arm: 'maybe' }] };
  expect(() => parseProved(JSON.stringify(wrong))).toThrow('rounds[0].arm: one of off, on expected');
  const endless = JSON.stringify({ ...EXAMPLE, design: { ...EXAMPLE.design, round: 77 } });
  expect(() => parseProved(endless.replace('"round":77', '"round":1e999'))).toThrow(
    'design.round: a number expected, found Infinity',
  );
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(...Object.keys(EXAMPLE)), (value, field) => {
      const texts = [value, JSON.stringify({ ...EXAMPLE, [field]: JSON.parse(value) })];
      for (const text of texts)
        try {
          parseProved(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Mismatch);
        }
    }),
    { seed: 20, numRuns: 200 },
  );
});
