/** `plan --save` and `apply --saved`, as configuration management runs them: again and again. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { problemsOf } from '../schemas.ts';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
let file: string;
beforeAll(() => {
  lab = openLab('saved');
  file = join(lab.state, 'plan.json');
});
afterAll(() => lab?.end());

const states = () => execFileSync('find', [lab.state, '-printf', '%P %s\n'], { encoding: 'utf8' });

it('a plan of another machine is neither applied nor run here, unless it is forced', () => {
  const before = lab.settings();
  const other = join(lab.state, 'other.json');
  const tree = join(import.meta.dirname, '../fixtures/trees/bnxt');
  const host = readFileSync(join(tree, 'proc/sys/kernel/hostname'), 'utf8').trim();
  const nic = lab.tune(['inspect', '--root', tree, '-j']);
  const [{ name }] = JSON.parse(nic.stdout).nics.filter(
    (each: { driver: string }) => each.driver === 'bnxt_en',
  );
  const plan = ['plan', '--root', tree, '--iface', name];
  expect(lab.tune([...plan, '--save', other]).stdout).toContain(`makes them on ${host}\n`);
  const refused = lab.tune(['apply', '--saved', other, '--yes', '-j']);
  expect([refused.code, JSON.parse(refused.stdout).error]).toEqual([
    1,
    {
      code: 'other-machine',
      message: `${other} is a plan for another machine: its host name is ${host}, not ${hostname()}`,
      hint: 'make a plan on this machine, or give --force if it fits here too',
    },
  ]);
  // Its NIC is not here.
  const forced = lab.tune(['apply', '--saved', other, '--yes', '--force', '-j']);
  expect(JSON.parse(forced.stdout)).toMatchObject({ changed: false, done: [] });
  const script = lab.tune(plan).stdout;
  expect(() => lab.sh(script)).toThrow(`this plan is for the host ${host}; to run it here anyway`);
  expect(lab.settings()).toBe(before);
});

it('a saved plan is applied once, and a second apply writes nothing', () => {
  const before = lab.settings();
  const saved = lab.tune(['plan', '--iface', 'v0', '--save', file]);
  expect(saved).toMatchObject({ code: 0, stderr: '' });
  expect(saved.stdout).toMatch(
    /^\d+ changes saved to (\S+): `locality-tune apply --saved \1 --yes` makes them\n$/,
  );
  expect(lab.settings()).toBe(before);
  expect(problemsOf(JSON.parse(readFileSync(file, 'utf8')), 'saved')).toEqual([]);

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
