/** What was undone after a watcher has looked, and before it repairs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { change, type Lab, openLab } from '../tune/lab.ts';

const FILE = '/sys/class/net/v0/queues/rx-0/rps_cpus';

let lab: Lab;
beforeEach(() => {
  lab = openLab('late');
});
afterEach(() => lab.end());

const rps = () => lab.sh(`cat ${FILE}`).trim();

it.each([
  [[], { said: [{ subject: 'v0 rx-0 rps_cpus', action: 'repaired' }], journals: ['1'] }],
  [['undo'], { said: [], journals: [] }],
])('a setting that has drifted is repaired, unless it was undone meanwhile: %j', (more, result) => {
  const before = rps();
  const saved = lab.save([change({ kind: 'rps', nic: 'v0', queue: 0 }, '1')]);
  expect(lab.tune(['apply', '--saved', saved, '--yes']).code).toBe(0);
  const set = rps();
  const words = [import.meta.dirname.concat('/look-then-repair.ts'), lab.state, FILE, before, ...more];
  expect(JSON.parse(lab.sh(`${process.execPath} ${words.join(' ')}`))).toEqual(result);
  expect(rps()).toBe(more.length === 0 ? set : before);
});
