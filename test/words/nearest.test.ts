import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/words/nearest.ts';

const RULES = ['irqs-share-cpu', 'irq-on-isolated-cpu', 'single-queue', 'group-drops'];

describe('the nearest name', () => {
  it.each([
    ['irq-share-cpu', 'irqs-share-cpu'],
    ['irqs-shrae-cpu', 'irqs-share-cpu'],
    ['singlequeue', 'single-queue'],
    ['group-drop', 'group-drops'],
    ['drops', null],
    ['qroup-drops', 'group-drops'],
    ['', null],
    ['frobnicate', null],
  ])('of %j is %j', (name, known) => {
    expect(nearest(name, RULES)).toBe(known);
  });

  it('is the name itself, or one that an edit away was meant', () => {
    const name = fc.stringMatching(/^[a-z-]{4,20}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.nat(), fc.nat(), (names, which, where) => {
        const meant = names[which % names.length] ?? '';
        expect(nearest(meant, names)).toBe(meant);
        const at = where % meant.length;
        const typo = meant.slice(0, at) + meant.slice(at + 1);
        expect(nearest(typo, [meant])).toBe(meant);
        expect(nearest(typo, names)).not.toBeNull();
      }),
    );
  });
});
