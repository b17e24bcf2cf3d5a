import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { giveBack } from '../../src/system/give-back.ts';

const resident = (): number =>
  Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

it('gives back the pages of files, and what is used of them again comes back', () => {
  const before = resident();
  giveBack();
  const after = resident();
  expect(after).toBeLessThan(before);
  expect(JSON.parse(`[${'1,'.repeat(1000)}1]`)).toHaveLength(1001);
  expect(new Intl.NumberFormat('de').format(1234.5)).toBe('1.234,5');
  expect(() => readFileSync('/nonexistent')).toThrow(/ENOENT/);
});
