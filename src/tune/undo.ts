/** Restores the values in the journal of an apply, in reverse order. */
import { setImmediate as turn } from 'node:timers/promises';
import { failure, isFailure } from '../system/errors.ts';
import { deviceOf, identityOf } from './device.ts';
import { type Hand, handOf } from './hand.ts';
import type { JournalStep } from './journal.ts';
import { type JournalFile, markUndone, openJournal, readJournal, stateOf } from './journal-file.ts';
import type { ListedJournal } from './journal-list.ts';
import { removeUnit } from './persist.ts';
import { underPresentNames } from './present-names.ts';
import { brief, likelyCause, refusalOf } from './refusal.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import type { Change, Target } from './types.ts';

export interface Skipped {
  readonly change: Change;
  readonly why: string;
  /** It can never be restored: its object is gone. The journal need not be kept for it. */
  readonly settled: boolean;
}

export interface Undone {
  readonly journal: string;
  readonly restored: readonly Change[];
  readonly skipped: readonly Skipped[];
  /** Files of its unit that could not be removed: it is still applied at boot, and its journal is kept. */
  readonly left: readonly string[];
  readonly notes: readonly string[];
}

export interface UndoOptions {
  /** Also restore settings that someone has changed since. */
  readonly force: boolean;
  /** The same, decided for one change; `why` says what is wrong. */
  readonly ask: (change: Change, why: string) => Promise<boolean>;
  /** The value that is to be in force in the end; null: the one that the journal found. Default: null for all. */
  readonly instead?: (target: Target) => string | null;
  /** Ends it after the current setting; the journal keeps the rest. */
  readonly signal?: AbortSignal;
  /** Shows what an undo would do, of several journals with the same hand: nothing is changed. Default: the machine. */
  readonly rehearsal?: Hand;
}

/** The caller holds the lock, except in a rehearsal. Throws Failure `journal` if it cannot be read. */
export async function undoOne(access: Access, file: JournalFile, options: UndoOptions): Promise<Undone> {
  const { steps, persisted } = underPresentNames(readJournal(file), access.files);
  const restored: Change[] = [];
  const skipped: Skipped[] = [];
  const left: string[] = [];
  const notes: string[] = [];
  const { signal } = options;
  const hand = options.rehearsal ?? handOf(access);
  const note = unhindered(notes);
  const writer = hand.rehearses ? null : note(() => openJournal(file));
  try {
    for (const step of asFirstRead(steps).toReversed()) {
      if (step.outcome === 'restored') continue;
      await turn();
      if (signal?.aborted) {
        skipped.push({ change: step.change, why: INTERRUPTED, settled: false });
        continue;
      }
      const result = await restore(access, hand, step, options);
      if (result === 'restored') restored.push(step.change);
      else if (result !== 'unchanged') skipped.push(result);
      if (typeof result === 'string' || result.settled) {
        const resets = step.change.target.kind === 'channels' && !isRecreated(access, step);
        const failures = resets ? await hand.putBack(step.also) : [];
        for (const why of failures) skipped.push({ change: step.change, why, settled: false });
        if (failures.length === 0) note(() => writer?.append({ record: 'restored', step: step.step }));
      }
    }
    if (!signal?.aborted && !hand.rehearses)
      for (const { unit, files } of persisted) left.push(...(await removeUnit(stateOf(file), unit, files)));
  } finally {
    writer?.close();
  }
  const isDone = !signal?.aborted && left.length === 0 && skipped.every(({ settled }) => settled);
  if (isDone && !hand.rehearses) note(() => markUndone(file));
  return { journal: file.id, restored, skipped, left, notes };
}

const isRecreated = ({ files }: Access, { change, device }: JournalStep): boolean =>
  identityOf(device, deviceOf(files, change.target)) === 'recreated';

const INTERRUPTED = 'interrupted before its turn: run `locality-tune undo` again';

/**
 * A table that was read after a change of channels is the driver's table for that many queues. Restored as a table it
 * would count as set by a user, and the kernel would refuse fewer channels. Its value before the change is right for
 * both.
 */
function asFirstRead(steps: readonly JournalStep[]): readonly JournalStep[] {
  const first = new Map<string, string>();
  return steps.map((step) => {
    const also = step.also.filter(({ target }) => !(target.kind === 'rss' && first.has(target.nic)));
    for (const { target, value } of also) if (target.kind === 'rss') first.set(target.nic, value);
    const { target } = step.change;
    const from = target.kind === 'rss' ? first.get(target.nic) : undefined;
    return from === undefined ? { ...step, also } : { ...step, from, change: { ...step.change, from } };
  });
}

/** On a full or read-only disk the undo cannot be recorded, but it can be done. */
function unhindered(notes: string[]) {
  return <T>(act: () => T): T | null => {
    try {
      return act();
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (!notes.includes(error.message)) notes.push(error.message);
      return null;
    }
  };
}

/** `unchanged`: it already had its former value. */
async function restore(
  access: Access,
  hand: Hand,
  step: JournalStep,
  { force, ask, instead }: UndoOptions,
): Promise<Skipped | 'restored' | 'unchanged'> {
  const { change, device, to, is: set } = step;
  const from = instead?.(change.target) ?? step.from;
  const setting = settingOf(change.target);
  const skip = (why: string, settled = false): Skipped => ({ change, why, settled });
  try {
    const target = await hand.find(change.target);
    const now = deviceOf(access.files, target);
    const identity = identityOf(device, now);
    if (identity === 'recreated')
      return skip(
        `it was set on another interface of this name, which is gone (ifindex ${device?.ifindex}, now ${now?.ifindex})`,
        true,
      );
    const is = await hand.read(target);
    if (from === null) return skip('its old value is not known', true);
    if (is === from) return 'unchanged';
    const ours = is !== null && (setting.same(is, set) || setting.same(is, to) || setting.same(is, from));
    if (identity === 'other-address') {
      const why = `its interface had another address then (${device?.address}, now ${now?.address}): is it the same one?`;
      if (!force && !(await ask(change, why))) return skip(`${why} (--force restores it anyway)`);
    } else if (!ours) {
      const running = access.files.list('/run/irqbalance').length > 0;
      const why = `it is ${brief(is ?? 'unreadable')} now, not ${brief(set)}; likely ${likelyCause(change.kind, running)}`;
      if (!force && !(await ask(change, why))) return skip(`${why} (use --force to restore it anyway)`);
    }
    // What is not possible yet is done after the channels are restored.
    await hand.putBack(step.also.filter(({ target }) => target.kind === 'rss'));
    await hand.write(target, from);
    const then = await hand.read(target);
    if (then !== null && setting.same(then, from)) return 'restored';
    throw failure(
      'ignored',
      `the kernel accepted the old value, but the setting is now ${brief(then ?? 'unreadable')}`,
      'run undo again',
    );
  } catch (error) {
    const { code, message } = refusalOf(error, change, from ?? '');
    return skip(message, code === 'gone' || code === 'ESRCH');
  }
}

/** Of an earlier boot, or a namespace that is gone, only the unit is left; it is removed. Throws Failure `journal`. */
export async function forget({ file, journal, place }: ListedJournal, rehearses: boolean): Promise<Undone> {
  const left: string[] = [];
  const notes: string[] = [];
  if (!rehearses)
    for (const { unit, files } of journal.persisted) {
      const failures = await removeUnit(stateOf(file), unit, files);
      if (failures.length === 0) notes.push(`${unit} is removed`);
      left.push(...failures);
    }
  notes.push(
    `it was made ${place === 'gone' ? 'in a network namespace that is gone' : 'before this boot'}; its settings are gone`,
  );
  if (left.length === 0 && !rehearses) markUndone(file);
  return { journal: file.id, restored: [], skipped: [], left, notes };
}
