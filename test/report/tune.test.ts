/** What `apply` prints. */
import { expect, it } from 'vitest';
import { appliedLines } from '../../src/report/tune.ts';

const applied = { journal: '7', done: [], failed: [], notes: [], takenBack: null };
const style = { color: false, rules: false, unicode: true, columns: 120 };
const text = (...args: Parameters<typeof appliedLines>) =>
  appliedLines(...args)
    .map((line) => line.map((part) => part.text).join(''))
    .join('\n');

it('what was applied names the commands that restore and check it, in the namespace that was named', () => {
  expect(text(applied, style)).toBe(
    'journal 7: `locality-tune undo` restores it, `locality-tune status` shows drift',
  );
  expect(text(applied, { ...style, netns: { asked: 'web', pid: null } })).toBe(
    'journal 7: `locality-tune undo --netns web` restores it, `locality-tune status --netns web` shows drift',
  );
});
