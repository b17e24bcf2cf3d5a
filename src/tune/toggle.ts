/**
 * Switches a plan on and off, any number of times, under one journal: every intent is on the disk before the first change,
 * so at each moment `undo` brings back what was there before.
 */
import { failure, isFailure } from '../system/errors.ts';
import { beginJournal, intentOf, type JournalOptions } from './begin-journal.ts';
import type { JournalWriter } from './journal-file.ts';
import { killPoint } from './kill-point.ts';
import { ignored, lookUp, type Met } from './look-up.ts';
import { notRestorable } from './not-restorable.ts';
import { brief, refusalOf } from './refusal.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import type { Change, Plan } from './types.ts';
import { type Undone, type UndoOptions, undoOne } from './undo.ts';

export interface Toggle {
  /** Creates its journal, still empty. Returns its id. Throws Failure `journal`. */
  begin(): string;
  /**
   * Throws Failure `journal`, `meanwhile` if somebody else has changed a setting, `refused` if the kernel refuses one; some
   * are made then.
   */
  on(): Promise<void>;
  off(): Promise<void>;
  /** Everything as it was before, and the journal is closed. */
  end(): Promise<Undone>;
}

/** Throws Failure `not-exact`: a change of it cannot be undone exactly, or not without harm to the server. */
export function requireSwitchable(plan: Plan): void {
  const rest = plan.changes.filter((change) => reasonOf(change) === null);
  const reasons = [
    ...plan.changes.flatMap((change) => reasonOf(change) ?? []),
    ...notRestorable({ ...plan, changes: rest }),
  ];
  if (reasons.length > 0)
    throw failure(
      'not-exact',
      `the plan cannot be switched on and off: ${reasons.join('; ')}`,
      '`--only KIND,…` proves a part of it, `locality-tune plan` shows every change',
    );
}

function reasonOf({ kind, subject }: Change): string | null {
  switch (kind) {
    case 'channels':
      return `${subject}: with many drivers a change of channels takes the link down (make it first with \`apply --only channels\`)`;
    case 'irqbalance':
      return 'irqbalance: it would move the interrupts itself whenever the plan is off (ban them first with `apply --only irqbalance`)';
    default:
      return null;
  }
}

/**
 * The caller holds the lock. Throws Failure: that of requireSwitchable, those of lookUp, `unreadable`.
 */
export async function openToggle(access: Access, plan: Plan, options: JournalOptions): Promise<Toggle> {
  requireSwitchable(plan);
  const met = (await Promise.all(plan.changes.map((change) => lookUp(access, change)))).filter(differs);
  const intents = met.map((each, step) => intentOf(step, each, []));
  let journal: JournalWriter | null = null;
  let isRecorded = false;
  const begin = () => {
    journal ??= beginJournal(access.files, plan, options);
    return journal;
  };
  // Without its end: status must not count as applied what is on only half of the time.
  const record = () => {
    if (isRecorded) return;
    for (const intent of intents) begin().append(intent);
    begin().close();
    isRecorded = true;
  };
  return {
    begin: () => begin().id,
    on: async () => {
      record();
      for (const each of met) await set(access, each, 'to');
    },
    off: async () => {
      if (isRecorded) for (const each of met.toReversed()) await set(access, each, 'from');
    },
    end: async () => {
      const file = begin();
      if (isRecorded) return undoOne(access, file, UNASKED);
      return { journal: file.id, restored: [], skipped: [], left: [], notes: file.discard() };
    },
  };
}

const UNASKED: UndoOptions = { force: false, ask: async () => false };

const differs = ({ change: { target }, from, to }: Met): boolean =>
  from === null || !settingOf(target).same(from, to);

/** Leaves alone what somebody else has set. */
async function set(access: Access, met: Met, which: 'from' | 'to'): Promise<void> {
  const { change, from, to } = met;
  const value = which === 'to' ? to : (from ?? to);
  try {
    await write(access, met, value);
  } catch (error) {
    if (isFailure(error) && error.code === 'meanwhile') throw error;
    const { message } = refusalOf(error, change, value);
    throw failure('refused', message, 'see `locality-tune plan`');
  }
}

async function write(access: Access, { change, from, to }: Met, value: string): Promise<void> {
  const setting = settingOf(change.target);
  const target = await setting.find(access, change.target);
  const is = await setting.read(access, target);
  const isOurs = is !== null && (setting.same(is, to) || (from !== null && setting.same(is, from)));
  if (!isOurs)
    throw failure(
      'meanwhile',
      `somebody else has set ${change.subject} to ${brief(is ?? 'something unreadable')}`,
      'let nobody else change settings during an experiment',
    );
  if (is === value) return;
  await setting.write(access, target, value);
  killPoint();
  const then = await setting.read(access, target);
  if (then === null || !setting.same(then, value)) throw ignored(target, then);
}
