import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PLACES, places } from '../../src/tune/places.ts';

it('are fixed: the released program knows no variable that moves them', () => {
  expect(places()).toEqual(PLACES);
  const dist = join(import.meta.dirname, '../../dist');
  const bundles = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.[cm]?js$/.test(name),
  );
  const known = bundles.flatMap(
    (name) => readFileSync(join(dist, name), 'utf8').match(/LOCALITY_TUNE_\w+/g) ?? [],
  );
  expect(new Set(known)).toEqual(new Set(['LOCALITY_TUNE_DEBUG']));
});
