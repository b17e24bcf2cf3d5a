/** How settings are found, read and written: on the machine, or in a rehearsal that changes nothing. */
import { isFailure } from '../system/errors.ts';
import { type ResetSetting, settingKey } from './journal.ts';
import { killPoint } from './kill-point.ts';
import { putBack } from './reset-settings.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import type { Target } from './types.ts';

/** Methods throw what those of a Setting throw. */
export interface Hand {
  readonly rehearses: boolean;
  find(target: Target): Promise<Target>;
  read(target: Target): Promise<string | null>;
  write(target: Target, value: string): Promise<void>;
  /** Sets again what a change of channels has reset. One sentence for each that cannot be restored. */
  putBack(settings: readonly ResetSetting[]): Promise<readonly string[]>;
}

export const handOf = (access: Access): Hand => ({
  rehearses: false,
  find: (target) => settingOf(target).find(access, target),
  read: (target) => settingOf(target).read(access, target),
  write: async (target, value) => {
    await settingOf(target).write(access, target, value);
    killPoint();
  },
  putBack: (settings) => putBack(access, settings),
});

/** What is written is remembered, and read again instead of the machine's value. */
export function rehearse(access: Access): Hand {
  const real = handOf(access);
  const written = new Map<string, string>();
  const write = (target: Target, value: string): void => {
    written.set(settingKey(target), value);
  };
  const changesChannels = (target: Target): boolean =>
    'nic' in target && [...written.keys()].some((key) => key.startsWith(`channels ${target.nic} `));
  return {
    rehearses: true,
    find: async (target) => {
      try {
        return await real.find(target);
      } catch (error) {
        // Its queue will be there again by then.
        if (isFailure(error) && error.code === 'gone' && changesChannels(target)) return target;
        throw error;
      }
    },
    read: async (target) => written.get(settingKey(target)) ?? real.read(target),
    write: async (target, value) => write(target, value),
    putBack: async (settings) => {
      for (const { target, value } of settings) write(target, value);
      return [];
    },
  };
}
