import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
// @ts-expect-error: a script of the build, without types
import { load, save, wrapper } from '../../scripts/code-cache.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lt-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const require = createRequire(import.meta.url);

/** A bundle, as the build writes it, that says `word`. */
function write(word: string): string {
  const bundle = join(folder, 'main.js');
  const body = `exports.say = () => { let text = ''; for (const each of '${word}') text += each; return text; };`;
  writeFileSync(bundle, `${wrapper.banner.js}${body}${wrapper.footer.js}`);
  return bundle;
}

it('the code cache is used for its own bundle, and for no other of the same length', () => {
  const bundle = write('first');
  const made = load(bundle, require);
  expect(made.exports.say()).toBe('first');
  save(bundle, made.script);
  const again = load(bundle, require);
  expect([again.script.cachedDataRejected, again.exports.say()]).toEqual([false, 'first']);

  const other = load(write('other'), require);
  expect([other.script.cachedDataRejected, other.exports.say()]).toEqual([undefined, 'other']);
});

it('a cache that does not end with its bundle is ignored', () => {
  const bundle = write('first');
  save(bundle, load(bundle, require).script);
  const [name = ''] = readdirSync(folder).filter((each) => each.endsWith('.cache'));
  const path = join(folder, name);
  const whole = readFileSync(path);
  for (const bytes of [
    whole.subarray(0, -7),
    whole.subarray(-7),
    Buffer.alloc(0),
    Buffer.alloc(whole.length, 7),
  ]) {
    writeFileSync(path, bytes);
    const loaded = load(bundle, require);
    expect([loaded.script.cachedDataRejected === false, loaded.exports.say()]).toEqual([false, 'first']);
  }
});
