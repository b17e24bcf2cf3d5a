/** The switch of `--change plan`: all of its settings, under one journal. */
import { failure } from '../system/errors.ts';
import type { Toggle } from '../tune/toggle.ts';
import type { Held } from './held-programs.ts';
import { startPutBack } from './put-back.ts';
import type { Switch } from './switch.ts';

/** @param held the groups whose programs it switches, as they are before */
export function planSwitch(
  machine: { readonly state: string; readonly arch: string },
  toggle: Toggle,
  held: readonly Held[],
): Switch {
  return {
    before: 'off',
    to: (arm) => (arm === 'on' ? toggle.on() : toggle.off()),
    putBack: async () => {
      const { skipped, notes } = await toggle.end();
      const left = skipped.filter(({ settled }) => !settled);
      if (left.length > 0)
        throw failure(
          'not-put-back',
          `not everything could be restored: ${left.map(({ change, why }) => `${change.subject}: ${why}`).join('; ')}`,
          '`locality-tune undo` tries again',
        );
      return [...notes, ...skipped.map(({ change, why }) => `${change.subject} was not restored: ${why}`)];
    },
    guard: async () => {
      const child = await startPutBack({
        state: machine.state,
        programs: held.map(({ group, handles }) => ({
          handles,
          original: group.program?.instructions ?? null,
        })),
        plan: { arch: machine.arch, groups: held.map(({ group }) => group) },
      });
      child.undoes(toggle.begin());
      return child;
    },
  };
}
