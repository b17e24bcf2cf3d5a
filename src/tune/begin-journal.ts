/** The journal of a plan, before its first change. */
import { failure } from '../system/errors.ts';
import type { Netns } from '../system/netns.ts';
import type { Files } from '../system/types.ts';
import type { Author } from './author.ts';
import { bootIdOf } from './boot.ts';
import { type Intent, isReadable, type ResetSetting } from './journal.ts';
import { createJournal, type JournalWriter } from './journal-file.ts';
import type { Met } from './look-up.ts';
import type { Plan } from './types.ts';

export interface JournalOptions {
  /** The folder of lock and journals. */
  readonly state: string;
  readonly netns: Netns;
  readonly by: Author;
}

/** Bytes of a journal line besides the change itself, and of the remembered settings of a NIC whose channels change. */
const LINE_BYTES = 512;
const RESET_BYTES = 1_048_576;

/** Reserves the space for every line that the plan may need. Throws Failure `journal`. */
export function beginJournal(files: Files, plan: Plan, { state, netns, by }: JournalOptions): JournalWriter {
  return createJournal(
    state,
    {
      record: 'journal',
      version: 1,
      time: new Date().toISOString(),
      bootId: bootIdOf(files),
      netns: netns.inode,
      netnsCookie: netns.cookie,
      by,
    },
    roomFor(plan),
  );
}

const roomFor = ({ changes }: Plan): number =>
  changes.reduce(
    (sum, change) =>
      sum + LINE_BYTES + 2 * JSON.stringify(change).length + (change.kind === 'channels' ? RESET_BYTES : 0),
    0,
  );

/** Throws Failure `unreadable`: undo could not read it again. */
export function intentOf(step: number, met: Met, also: readonly ResetSetting[]): Intent {
  const intent: Intent = { record: 'intent', step, ...met, also };
  if (isReadable(intent)) return intent;
  throw failure(
    'unreadable',
    'its name or its value has a form that a journal cannot store, so it could not be restored',
    'set it by hand',
  );
}
