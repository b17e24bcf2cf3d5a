/** Remembers the settings that drivers reset when a NIC's channels change, and sets them again. */
import type { Nic } from '../host/types.ts';
import { errnoCode, isFailure } from '../system/errors.ts';
import type { ResetSetting } from './journal.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import type { Target } from './types.ts';

/** Reads every readable setting of the NIC. */
export async function resettableSettings(access: Access, nic: string): Promise<readonly ResetSetting[]> {
  const read = await access.nic(nic);
  const settings: ResetSetting[] = [];
  for (const target of read === null ? [] : nicTargets(read)) {
    const value = await settingOf(target).read(access, target);
    if (value !== null) settings.push({ target, value });
  }
  return settings;
}

/** Every setting that a driver may reset. */
export function nicTargets({ name: nic, irqs, rxQueues, txQueues, rss }: Nic): Target[] {
  return [
    ...(rss === null ? [] : [{ kind: 'rss' as const, nic }]),
    ...irqs.flatMap(({ irq, name, role, queues }) =>
      role === 'other' ? [] : [{ kind: 'irq' as const, nic, irq, name, role, queues }],
    ),
    ...txQueues.flatMap(({ index: queue }) =>
      (['cpus', 'rxqs'] as const).map((by) => ({ kind: 'xps' as const, nic, queue, by })),
    ),
    ...rxQueues.flatMap(({ index: queue }) => [
      { kind: 'rps' as const, nic, queue },
      { kind: 'rfs' as const, nic, queue },
    ]),
  ];
}

/** Restores settings that have changed, if they still exist. Returns one sentence for each that cannot be restored. */
export async function putBack(access: Access, settings: readonly ResetSetting[]): Promise<string[]> {
  const failures: string[] = [];
  for (const { target, value } of settings) {
    try {
      await setAgain(access, target, value);
    } catch (error) {
      if (isFailure(error) && error.code === 'gone') continue;
      if (!isFailure(error) && errnoCode(error) === null) throw error;
      const message = error instanceof Error ? error.message : '';
      failures.push(`${target.kind} of ${'nic' in target ? target.nic : ''} to ${value}: ${message}`);
    }
  }
  return failures;
}

async function setAgain(access: Access, target: Target, value: string): Promise<void> {
  const setting = settingOf(target);
  const found = await setting.find(access, target);
  const is = await setting.read(access, found);
  // A table equal to the default may still count as set by a user, so the default is always written.
  const hidden = target.kind === 'rss' && value === 'default';
  if (is === value && !hidden) return;
  await setting.write(access, found, value);
}
