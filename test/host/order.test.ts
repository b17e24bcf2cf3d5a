import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareNatural, compareText } from '../../src/host/order.ts';

it('sorts numbers by their value', () => {
  const subjects = ['irq 10', 'irq 9', 'eth0 rx-2', 'eth0 rx-11', 'eth0', 'eth10', 'eth2'];
  expect(subjects.sort(compareNatural)).toEqual([
    'eth0',
    'eth0 rx-2',
    'eth0 rx-11',
    'eth2',
    'eth10',
    'irq 9',
    'irq 10',
  ]);
});

it('is an order, whatever the text', () => {
  const text = fc.stringMatching(/^[ab01 ]{0,6}$/);
  for (const compare of [compareNatural, compareText])
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(Math.sign(compare(a, b))).toBe(0 - Math.sign(compare(b, a)));
        if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
      }),
    );
});
