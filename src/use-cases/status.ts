/** What is applied, and what has drifted since. */

import type { JournalList } from '../tune/journal-list.ts';
import { type Standing, standingOf } from '../tune/status.ts';
import { accessTo, type LiveMachine } from './machine.ts';
import { journalsOf } from './undo.ts';

/** Throws SystemError if the folder of journals cannot be read. */
export async function statusOf(machine: LiveMachine): Promise<JournalList & Standing> {
  const list = journalsOf(machine);
  const here = list.journals.filter(({ place }) => place === 'here').map(({ journal }) => journal);
  return { ...list, ...(await standingOf(accessTo(machine), here)) };
}
