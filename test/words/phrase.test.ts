import { expect, it } from 'vitest';
import { percent } from '../../src/words/phrase.ts';

it('rounds a share to one decimal, but never to a whole or to nothing', () => {
  expect([0, 0.125, 1, null].map(percent)).toEqual(['0 %', '12.5 %', '100 %', '-']);
  expect([0.9999, 0.0001, 1 / 512].map(percent)).toEqual(['99.9 %', '< 0.1 %', '0.2 %']);
});
