/** Takes back what was applied: which journals are meant, and the taking back. */
import { failure } from '../system/errors.ts';
import { takeLock } from '../tune/lock.ts';
import { type Survey, type Surveyed, surveyJournals } from '../tune/survey.ts';
import { forgetBoot, type Undone, type UndoOptions, undoOne } from '../tune/undo.ts';
import { accessTo, type LiveMachine } from './machine.ts';

/** Throws SystemError: the folder of journals can't be read. */
export const journalsOf = ({ state, bootId, netns }: LiveMachine): Survey =>
  surveyJournals(state, bootId, netns);

/** `newest`: what was applied last and can be undone here; `all`: everything that can be; else a journal's id. */
export type JournalChoice = 'newest' | 'all' | { readonly id: string };

/** The newest first; none where nothing is applied. Throws Failure no-journal, other-netns. */
export function chooseJournals({ journals }: Survey, choice: JournalChoice): readonly Surveyed[] {
  const here = journals.filter(({ place }) => place !== 'elsewhere');
  if (choice === 'all') return here;
  if (choice === 'newest') {
    // What an earlier boot has left without a unit is only to be forgotten.
    const newest = here.find(({ place, journal }) => place === 'here' || journal.persisted.length > 0);
    return newest === undefined ? here : [newest];
  }
  const { id } = choice;
  const named = journals.find(({ file }) => file.id === id);
  if (named === undefined) {
    const ids = journals.map(({ file }) => file.id).join(', ') || 'none';
    throw failure('no-journal', `journal ${id}: no such journal is in force`, `there are: ${ids}`);
  }
  if (named.place !== 'elsewhere') return [named];
  throw failure(
    'other-netns',
    `journal ${id} was made in another network namespace (${named.journal.header.netns})`,
    'repeat with --netns NAME (lsns -t net shows which it is)',
  );
}

/** One after the other; a signal ends it after the current setting. Throws Failure busy, journal. */
export async function takeBack(
  machine: LiveMachine,
  chosen: readonly Surveyed[],
  options: UndoOptions,
): Promise<readonly Undone[]> {
  const access = accessTo(machine);
  const release = takeLock(machine.state, machine.files);
  try {
    const undone: Undone[] = [];
    for (const each of chosen) {
      if (options.signal?.aborted) break;
      undone.push(
        each.place === 'before' ? await forgetBoot(each) : await undoOne(access, each.file, options),
      );
    }
    return undone;
  } finally {
    release();
  }
}

/** For a change that this process has made itself; what others have changed since stays. */
export const UNASKED: UndoOptions = { force: false, ask: async () => false };
