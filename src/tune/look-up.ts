/** What a planned change finds on the machine at the moment when it is made. */
import { failure } from '../system/errors.ts';
import { type Device, deviceOf } from './device.ts';
import { brief } from './refusal.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import type { Change } from './types.ts';

export interface Met {
  /** With its target as it was found, and both values as they are now. */
  readonly change: Change;
  readonly device: Device | null;
  /** null: it cannot be read, as it was when it was planned. */
  readonly from: string | null;
  readonly to: string;
}

/** Throws Failure `gone`, `unreadable` and those of the setting, SystemError. */
export async function lookUp(access: Access, planned: Change): Promise<Met> {
  const setting = settingOf(planned.target);
  const target = await setting.find(access, planned.target);
  const device = deviceOf(access.files, target);
  const from = await setting.read(access, target);
  if (from === null && planned.from !== null)
    throw failure(
      'unreadable',
      'its current value cannot be read, so it could not be restored',
      'it was left alone',
    );
  const to = await setting.wanted(access, target, planned.to, from);
  return { change: { ...planned, target, from, to }, device, from, to };
}

/** @param is what was read after the write */
export const ignored = ({ kind }: Change['target'], is: string | null) =>
  failure(
    'ignored',
    `the kernel accepted the value and ${is === null ? 'did not keep it' : `set ${brief(is)} instead`}`,
    kind === 'pin'
      ? 'a thread can only be pinned within its cpuset'
      : 'another program may have changed it in the same moment; `locality-tune watch` names it',
  );
