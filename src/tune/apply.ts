/** Applies a plan, change by change; each is written to the journal before it is made. */
import { setImmediate as turn } from 'node:timers/promises';
import { failure, isFailure } from '../system/errors.ts';
import { beginJournal, intentOf, type JournalOptions } from './begin-journal.ts';
import type { ResetSetting } from './journal.ts';
import type { JournalWriter } from './journal-file.ts';
import { killPoint } from './kill-point.ts';
import { ignored, lookUp } from './look-up.ts';
import { changedMeanwhile, takePreparedLock } from './prepared-lock.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { putBack, resettableSettings } from './reset-settings.ts';
import { isEffective } from './settings/irq.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import type { Change, Plan } from './types.ts';
import { type Skipped, undoOne } from './undo.ts';

export interface Done extends Change {
  /** `already`: it was set already. `pending`: an IRQ moves to its new CPU at the next interrupt. */
  readonly state: 'set' | 'pending' | 'already';
}

export interface Failed extends Refusal {
  readonly change: Change;
}

export interface Applied {
  /** null if nothing was changed. */
  readonly journal: string | null;
  readonly done: readonly Done[];
  readonly failed: readonly Failed[];
  /** Settings that a driver has reset, and that could not be set again; a journal that could not be deleted. */
  readonly notes: readonly string[];
  /** Set if it was interrupted, or a change of a `whole` plan failed: everything was restored except these; null: completed. */
  readonly takenBack: readonly Skipped[] | null;
}

export interface ApplyOptions extends JournalOptions {
  /** Ends it after the current write and restores everything. */
  readonly signal: AbortSignal;
  /** The changes are of use only together: the first refused one ends it, and restores everything. */
  readonly whole?: true;
  /** Asked under the lock, before anything is changed: is what the plan was made for still so? Default: yes. */
  readonly stands?: (() => boolean) | undefined;
  /** Called for each change that was made or refused. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Throws Failure `busy`, `changed` if it does not stand any more, and `journal` if a journal cannot be written: then nothing is changed, or everything is
 * restored, and so it is after a bug. Changes that the kernel refuses are in `failed`; the others are still made.
 */
export async function applyPlan(access: Access, plan: Plan, options: ApplyOptions): Promise<Applied> {
  const { state, signal } = options;
  const release = await takePreparedLock(access, state, () => plan.changes);
  try {
    if (options.stands?.() === false) throw changedMeanwhile();
    const journal = beginJournal(access.files, plan, options);
    const done: Done[] = [];
    const failed: Failed[] = [];
    const notes: string[] = [];
    const run = { access, journal, done, failed, notes, made: 0 };
    const isToEnd = () => signal.aborted || (options.whole === true && failed.length > 0);
    try {
      for (const [step, change] of plan.changes.entries()) {
        // Signals arrive only when the event loop runs, so give it a turn here.
        await turn();
        if (isToEnd()) break;
        await makeChange(run, step, change);
        options.onProgress?.(step + 1, plan.changes.length);
      }
      const late = lateBan(plan, done);
      if (late !== null && !isToEnd()) await makeChange(run, plan.changes.length, late);
      journal.append({ record: 'end' });
    } catch (error) {
      journal.close();
      throw await afterTakingBack(access, journal, error);
    }
    if (run.made === 0) {
      notes.push(...journal.discard());
      return { journal: null, done, failed, notes, takenBack: isToEnd() ? [] : null };
    }
    journal.close();
    const takenBack = isToEnd() ? (await undoOne(access, journal, NEVER)).skipped : null;
    return { journal: journal.id, done, failed, notes, takenBack };
  } finally {
    release();
  }
}

/** New channels have new IRQs, which irqbalance could not ban before they existed. */
function lateBan({ changes }: Plan, done: readonly Done[]): Change | null {
  const ban = changes.find(({ kind }) => kind === 'irqbalance');
  if (ban?.target.kind !== 'irqbalance') return null;
  const banned = new Set(ban.target.irqs);
  const irqs = done.flatMap(({ target }) => (target.kind === 'irq' ? [target.irq] : []));
  const late = irqs.filter((irq) => !banned.has(irq));
  return late.length === 0
    ? null
    : { ...ban, target: { kind: 'irqbalance', irqs: late }, to: late.join(' ') };
}

const NEVER = { force: false, ask: async () => false };

interface Run {
  readonly access: Access;
  readonly journal: JournalWriter;
  readonly done: Done[];
  readonly failed: Failed[];
  readonly notes: string[];
  /** Writes that have, or may have, changed something. */
  made: number;
}

/** Throws Failure `journal`. */
async function makeChange(run: Run, step: number, planned: Change): Promise<void> {
  const { access, journal, done, failed, notes } = run;
  const setting = settingOf(planned.target);
  let begun: readonly ResetSetting[] | null = null;
  let unchanged: () => Promise<boolean> = async () => true;
  try {
    const { change, device, from, to } = await lookUp(access, planned);
    const { target } = change;
    if (from !== null && setting.same(from, to)) {
      done.push({ ...change, state: 'already' });
      return;
    }
    const also = target.kind === 'channels' ? await resettableSettings(access, target.nic) : [];
    journal.append(intentOf(step, { change, device, from, to }, also));
    begun = also;
    unchanged = async () => from !== null && (await setting.read(access, target)) === from;
    await setting.write(access, target, to);
    killPoint();
    const is = await setting.read(access, target);
    journal.append({ record: 'done', step, is });
    if (target.kind === 'channels') notes.push(...(await putBack(access, also.filter(isPlaced))));
    if (is === null || !setting.same(is, to)) {
      // An object that has disappeared since the write did not ignore it.
      await setting.find(access, target);
      throw ignored(target, is);
    }
    const pending = target.kind === 'irq' && isEffective(access.files, target, to) === false;
    done.push({ ...change, state: pending ? 'pending' : 'set' });
    run.made += 1;
  } catch (error) {
    if (isFailure(error) && error.code === 'journal') throw error;
    const refusal = refusalOf(error, planned, planned.to);
    failed.push({ change: planned, ...refusal });
    if (!(await unchanged().catch(() => false))) run.made += 1;
    else if (begun !== null) {
      // Now, not at undo: by then somebody may have set what the refused change has reset.
      notes.push(...(await putBack(access, begun)));
      journal.append({ record: 'restored', step });
    }
  }
}

/** The table belongs to its channels; the plan sets it. */
const isPlaced = ({ target }: ResetSetting): boolean => target.kind !== 'rss';

/** Without a complete journal nothing may stay changed. */
async function afterTakingBack(access: Access, journal: JournalWriter, error: unknown): Promise<unknown> {
  const { skipped } = await undoOne(access, journal, NEVER);
  if (!isFailure(error)) return error;
  const left = skipped.map(({ change, why }) => `${change.subject}: ${why}`).join('; ');
  const what = left === '' ? 'the changes were restored' : `not restored: ${left}`;
  return failure(error.code, `${error.message}; ${what}`, error.hint);
}
