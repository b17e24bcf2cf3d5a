import { lchownSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { saveFile } from '../../src/system/save.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-save-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

it('replaces what a link of root names, never what a link of another user names', () => {
  writeFileSync(at('precious'), 'old');
  symlinkSync(at('precious'), at('own'));
  saveFile(at('own'), 'new', true);
  expect(readFileSync(at('precious'), 'utf8')).toBe('new');

  symlinkSync(at('precious'), at('foreign'));
  symlinkSync('/dev/stdout', at('device'));
  for (const name of ['foreign', 'device']) {
    lchownSync(at(name), 65_534, 65_534);
    for (const force of [false, true])
      expect(() => saveFile(at(name), 'evil', force)).toThrow('a link that another user made');
  }
  expect(readFileSync(at('precious'), 'utf8')).toBe('new');
});
