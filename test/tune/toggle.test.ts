/** Which plans an experiment may switch. */
import { expect, it } from 'vitest';
import { requireSwitchable } from '../../src/tune/toggle.ts';
import type { Change, Target } from '../../src/tune/types.ts';
import { change } from './lab.ts';

const from = (target: Target, value: string | null): Change => ({ ...change(target, '1'), from: value });
const refusal = (...changes: readonly Change[]): string => {
  try {
    requireSwitchable({ changes, refused: [], notes: [] });
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
const rps: Target = { kind: 'rps', nic: 'eth0', queue: 0 };
const rss: Target = { kind: 'rss', nic: 'eth0' };

it('accepts what has a value to go back to', () => {
  expect(refusal(from(rps, '0'), from(rss, 'default'))).toBe('');
});

it('refuses a change of channels, and of what irqbalance may move', () => {
  const channels: Target = { kind: 'channels', nic: 'eth0', which: 'combined' };
  expect(refusal(from(rps, '0'), from(channels, '4'))).toMatch(
    /^the plan cannot be switched on and off: eth0 combined channels: with many drivers .* takes the link down \(make it first with `apply --only channels`\)$/,
  );
  expect(refusal(from({ kind: 'irqbalance', irqs: [30] }, 'none'))).toContain(
    'it would move the interrupts itself whenever the plan is off',
  );
});

it('refuses what undo cannot restore exactly', () => {
  expect(refusal(from(rss, '0 1 0 1'))).toContain('the kernel then counts the table as set by a user');
  expect(refusal(from(rps, null))).toContain('the present value is not known');
});
