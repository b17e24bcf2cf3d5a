/** Sets drifted settings again, each recorded in a journal, once. */
import { errnoCode, isFailure } from '../system/errors.ts';
import { applyPlan } from '../tune/apply.ts';
import { readAttachments } from '../tune/attachment.ts';
import { lastSteps, settingKey } from '../tune/journal.ts';
import { journalsInForce } from '../tune/journal-list.ts';
import { takePreparedLock } from '../tune/prepared-lock.ts';
import type { JustRead } from '../tune/settings/program.ts';
import type { Access } from '../tune/settings/setting.ts';
import { settingOf } from '../tune/settings/settings.ts';
import type { Change } from '../tune/types.ts';
import { accessTo, type LiveMachine } from './machine.ts';

/** Change -> null if it has its value again, otherwise why not. */
export type Repaired = ReadonlyMap<Change, string | null>;

/**
 * A setting whose journal is in force already is only written again: `undo` restores what was there before, however often it
 * was repaired. Anything else is applied like a plan whose changes are of use one by one. What was undone before the lock was
 * taken, or taken back after an interruption, has no result. Throws Failure: busy, journal, interrupted.
 * @param stands asked under the lock: is what wants these changes still in force?
 * @param justRead as for `openPrograms`
 */
export async function repair(
  machine: LiveMachine,
  changes: readonly Change[],
  signal: AbortSignal,
  stands: () => boolean,
  justRead?: JustRead,
): Promise<Repaired> {
  const isRecorded = readRecords(machine);
  const [recorded, others] = [changes.filter(isRecorded), changes.filter((each) => !isRecorded(each))];
  const results = new Map<Change, string | null>();
  if (recorded.length > 0) {
    const access = accessTo(machine, justRead);
    const release = await takePreparedLock(access, machine.state, () => recorded);
    try {
      // What somebody has undone meanwhile is not wanted any more.
      const isStill = readRecords(machine);
      for (const change of stands() ? recorded.filter(isStill) : []) {
        if (signal.aborted) break;
        results.set(change, await setAgain(access, change));
      }
    } finally {
      release();
    }
  }
  if (others.length > 0 && !signal.aborted) {
    const plan = { changes: others, refused: [], notes: [] };
    const { state, netns, by } = machine;
    const options = { state, netns, by, signal, stands };
    const applied = await applyPlan(accessTo(machine), plan, options).catch(unlessChanged);
    if (applied === null || applied.takenBack !== null) return results;
    for (const change of others)
      results.set(change, applied.failed.find((each) => each.change === change)?.message ?? null);
  }
  return results;
}

function unlessChanged(error: unknown): null {
  if (isFailure(error) && error.code === 'changed') return null;
  throw error;
}

/** Is the setting in force with this value, by a journal or an attachment, at this moment? */
function readRecords(machine: LiveMachine): (change: Change) => boolean {
  const inForce = lastSteps(journalsInForce(machine).journals);
  const attached = readAttachments(machine);
  return (change) => {
    const step = inForce.get(settingKey(change.target));
    // The record of an attach is its attachment, which is written again; `detach` takes it off.
    if (step === undefined) return change.kind === 'program' && attached.has(change.subject);
    return settingOf(change.target).same(step.is, change.to);
  };
}

async function setAgain(access: Access, { target, to }: Change): Promise<string | null> {
  const setting = settingOf(target);
  try {
    const found = await setting.find(access, target);
    // irqbalance keeps the bans of others, and interrupts have other numbers now.
    const value = await setting.wanted(access, found, to, await setting.read(access, found));
    await setting.write(access, found, value);
    const is = await setting.read(access, found);
    return is !== null && setting.same(is, value) ? null : `it is ${is ?? 'not readable'} after it was set`;
  } catch (error) {
    if (!isFailure(error) && errnoCode(error) === null) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
