/** A journal by the names that its interfaces have now: a rename keeps their settings, and their ifindex. */
import { readDevices } from '../host/listeners.ts';
import type { Files } from '../system/types.ts';
import { deviceOf } from './device.ts';
import type { Journal, JournalStep } from './journal.ts';
import { renamedCommand } from './renamed-command.ts';
import { subjectOf } from './subject.ts';
import type { Target } from './types.ts';

/** Of those that are gone, the names stay. */
export function underPresentNames(journal: Journal, files: Files): Journal {
  let names: ReadonlyMap<number, string> | null = null;
  const rename = (step: JournalStep): JournalStep => {
    const { change, device, also } = step;
    if (device === null || !('nic' in change.target)) return step;
    const { nic } = change.target;
    if (deviceOf(files, change.target)?.ifindex === device.ifindex) return step;
    names ??= readDevices(files);
    const name = names.get(device.ifindex);
    if (name === undefined || name === nic) return step;
    const named = (target: Target): Target =>
      'nic' in target && target.nic === nic ? { ...target, nic: name } : target;
    const target = named(change.target);
    const command = renamedCommand(change.command, nic, name);
    return {
      ...step,
      change: { ...change, target, subject: subjectOf(target), command, formerNic: nic },
      also: also.map((each) => ({ ...each, target: named(each.target) })),
    };
  };
  return { ...journal, steps: journal.steps.map(rename) };
}
