/** `plan --save` and `apply --saved`, as configuration management runs them: again and again. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
let file: string;
beforeAll(() => {
  lab = openLab('saved');
  file = join(lab.state, 'plan.json');
});
afterAll(() => lab?.end());

const states = () => execFileSync('find', [lab.state, '-printf', '%P %s\n'], { encoding: 'utf8' });

it('a saved plan is applied once, and a second apply writes nothing', () => {
  const before = lab.settings();
  const saved = lab.tune(['plan', '--iface', 'v0', '--save', file]);
  expect(saved).toMatchObject({ code: 0, stderr: '' });
  expect(saved.stdout).toMatch(
    /^\d+ changes saved to (\S+): `locality-tune apply --saved \1 --yes` makes them\n$/,
  );
  expect(lab.settings()).toBe(before);
  expect(JSON.parse(readFileSync(file, 'utf8')).schema).toBe('locality-tune.saved/1');

  const apply = (...args: string[]) => lab.tune(['apply', '--saved', file, '--yes', ...args]);
  const dry = apply('--dry-run', '-j');
  expect([dry.code, JSON.parse(dry.stdout).changed, lab.settings()]).toEqual([0, false, before]);
  const first = apply('-j');
  expect([first.code, first.stderr]).toEqual([0, '']);
  expect(JSON.parse(first.stdout)).toMatchObject({ changed: true, journal: '1', failed: [], refused: [] });
  const [after, kept] = [lab.settings(), states()];
  expect(after).not.toBe(before);

  const second = apply('-j');
  expect([second.code, second.stderr]).toEqual([0, '']);
  const { changed, journal, done } = JSON.parse(second.stdout);
  expect({ changed, journal }).toEqual({ changed: false, journal: null });
  expect(new Set(done.map(({ state }: { state: string }) => state))).toEqual(new Set(['already']));
  const third = apply();
  expect(third).toMatchObject({ code: 0, stderr: '' });
  expect(third.stdout).toContain('unchanged: every setting is as planned');
  expect([lab.settings(), states()]).toEqual([after, kept]);

  // The plan is empty now, and a file is not replaced unasked.
  const again = lab.tune(['plan', '--iface', 'v0', '--save', join(lab.state, 'other.json'), '-j']);
  expect([again.code, JSON.parse(again.stdout).error.code]).toEqual([1, 'nothing-to-save']);
  expect(lab.tune(['undo', '--yes']).code).toBe(0);
  expect(lab.settings()).toBe(before);
  const there = lab.tune(['plan', '--iface', 'v0', '--save', file, '-j']);
  expect([there.code, JSON.parse(there.stdout).error.code]).toEqual([1, 'exists']);
  expect(lab.tune(['plan', '--iface', 'v0', '--save', file, '--force']).code).toBe(0);
});
