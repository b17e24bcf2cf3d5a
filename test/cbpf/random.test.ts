import { expect, it } from 'vitest';
import { randomFrom } from '../../src/cbpf/random.ts';
import { unevenness } from './packets.ts';

it('draws the same numbers from the same seed, and others from another', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, randomFrom(seed));
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  for (const number of draw(3)) expect(number).toBe(number >>> 0);
});

it.each([2, 3, 64, 1000])('is even modulo %d, in every bit', (size) => {
  const random = randomFrom(7);
  const counts = new Array<number>(size).fill(0);
  const bits = new Array<number>(32).fill(0);
  for (let index = 0; index < 50_000; index++) {
    const number = random();
    counts[number % size] = (counts[number % size] ?? 0) + 1;
    for (let bit = 0; bit < 32; bit++) if ((number >>> bit) & 1) bits[bit] = (bits[bit] ?? 0) + 1;
  }
  expect(unevenness(counts)).toBeLessThan(1 + 10 / Math.sqrt(2 * (size - 1)));
  for (const count of bits) expect(Math.abs(count - 25_000)).toBeLessThan(600);
});
