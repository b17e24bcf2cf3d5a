/** Restores what was applied: chooses the journals, and restores them. */
import { duringOperation, type Failure, failure } from '../system/errors.ts';
import { netnsNameOf } from '../system/netns.ts';
import { rehearse } from '../tune/hand.ts';
import { listJournals, readJournal } from '../tune/journal-file.ts';
import { type JournalList, type ListedJournal, readJournals } from '../tune/journal-list.ts';
import { groupsToSet, takePreparedLock } from '../tune/prepared-lock.ts';
import type { Change } from '../tune/types.ts';
import { forget, type Undone, type UndoOptions, undoOne } from '../tune/undo.ts';
import { word } from '../words/shell.ts';
import { accessTo, type LiveMachine } from './machine.ts';

/** Throws SystemError if the folder of journals cannot be read. */
export const journalsOf = (machine: LiveMachine): JournalList => readJournals(machine);

/** `newest`: the latest apply that can be undone here; `all`: everything that can be undone; otherwise a journal id. */
export type JournalChoice = 'newest' | 'all' | { readonly id: string };

/** Newest first; empty if nothing is applied anywhere. Throws Failure no-journal, other-netns. */
export function chooseJournals({ journals }: JournalList, choice: JournalChoice): readonly ListedJournal[] {
  const here = journals.filter(({ place }) => place !== 'elsewhere');
  const [other] = journals.filter(({ place }) => place === 'elsewhere');
  if (typeof choice === 'string' && here.length === 0 && other !== undefined) throw elsewhere(other);
  if (choice === 'all') return here;
  if (choice === 'newest') {
    // Journals of an earlier boot without a unit only need to be forgotten.
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
  throw elsewhere(named);
}

function elsewhere({ file, journal: { header } }: ListedJournal): Failure {
  const name = netnsNameOf(header.netns);
  return failure(
    'other-netns',
    `journal ${file.id} was made in another network namespace (${name ?? `inode ${header.netns}`})`,
    name === null
      ? `repeat with --netns PID of a process in it (lsns -t net shows inode ${header.netns})`
      : `repeat with --netns ${word(name)}`,
  );
}

/** Of the journals whose settings are still there. */
const changesOf = (chosen: readonly ListedJournal[]): readonly Change[] =>
  chosen.flatMap(({ place, journal: { steps } }) =>
    place === 'here' ? steps.map(({ change }) => change) : [],
  );

/**
 * Restores one after the other; a signal ends it after the current setting. Throws Failure busy, journal, and what `first`
 * throws. @param first done before, while nobody else changes settings
 */
export async function takeBack(
  machine: LiveMachine,
  chosen: readonly ListedJournal[],
  options: UndoOptions,
  first: () => Promise<void> = async () => {},
): Promise<readonly Undone[]> {
  const access = accessTo(machine);
  const release = await takePreparedLock(access, machine.state, () => changesOf(chosen));
  try {
    await first();
    const undone: Undone[] = [];
    for (const each of chosen) {
      if (options.signal?.aborted) break;
      undone.push(
        each.place === 'here' ? await undoOne(access, each.file, options) : await forget(each, false),
      );
    }
    return undone;
  } finally {
    release();
  }
}

/** What takeBack would do, by the same steps; changes nothing. Throws Failure journal. */
export async function rehearseUndo(
  machine: LiveMachine,
  chosen: readonly ListedJournal[],
  force: boolean,
): Promise<readonly Undone[]> {
  const access = accessTo(machine);
  await access.programs.prepare(groupsToSet(changesOf(chosen)));
  const options: UndoOptions = { force, ask: async () => false, rehearsal: rehearse(access) };
  const undone: Undone[] = [];
  for (const each of chosen)
    undone.push(each.place === 'here' ? await undoOne(access, each.file, options) : await forget(each, true));
  return undone;
}

/** For a change that this process made; what others have changed since stays. */
export const UNASKED: UndoOptions = { force: false, ask: async () => false };

export const UNDONE_BY_OTHERS = 'another `locality-tune undo` has restored it meanwhile';

/** What this process applied. Reads NICs again, because what apply has read may be old. Throws Failure still-applied. */
export async function takeBackOwn(machine: LiveMachine, journal: string): Promise<Undone> {
  try {
    const access = accessTo(machine);
    const find = () => listJournals(machine.state).find(({ id }) => id === journal);
    const release = await takePreparedLock(access, machine.state, () => {
      const file = find();
      return file === undefined ? [] : readJournal(file).steps.map(({ change }) => change);
    });
    try {
      const file = find();
      if (file === undefined)
        return { journal, restored: [], skipped: [], left: [], notes: [UNDONE_BY_OTHERS] };
      return await undoOne(access, file, UNASKED);
    } finally {
      release();
    }
  } catch (error) {
    throw duringOperation(
      error,
      `journal ${journal} is still in force, because restoring it failed; run \`locality-tune undo\``,
    );
  }
}
