/** The journals that are not undone, and which of them can be undone from here. */

import { isFailure, isSystemError } from '../system/errors.ts';
import type { Journal } from './journal.ts';
import { type JournalFile, listJournals, readJournal } from './journal-file.ts';

/** `here`: of this boot and network namespace; `elsewhere`: of another namespace; `before`: of an earlier boot. */
export type Place = 'here' | 'elsewhere' | 'before';

export interface Surveyed {
  readonly file: JournalFile;
  readonly journal: Journal;
  readonly place: Place;
}

export interface Survey {
  /** The newest first. */
  readonly journals: readonly Surveyed[];
  /** One sentence for each that can't be read. */
  readonly notes: readonly string[];
}

/** Throws SystemError: the folder can't be read. */
export function surveyJournals(state: string, bootId: string, netns: number): Survey {
  const notes: string[] = [];
  const journals = listJournals(state).flatMap((file): Surveyed[] => {
    try {
      const journal = readJournal(file);
      const { header } = journal;
      const place = header.bootId !== bootId ? 'before' : header.netns !== netns ? 'elsewhere' : 'here';
      return [{ file, journal, place }];
    } catch (error) {
      if (!isFailure(error)) throw error;
      notes.push(error.message);
      return [];
    }
  });
  return { journals, notes };
}

export interface InForce {
  /** Of this boot and network namespace, the newest first. */
  readonly journals: readonly Journal[];
  /** One sentence for what can't be read. */
  readonly notes: readonly string[];
}

/** Never throws for a folder that can't be read: then a note says so. */
export function journalsInForce(place: {
  readonly state: string;
  readonly bootId: string;
  readonly netns: number;
}): InForce {
  try {
    const { journals, notes } = surveyJournals(place.state, place.bootId, place.netns);
    return {
      journals: journals.filter(({ place }) => place === 'here').map(({ journal }) => journal),
      notes,
    };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const unread = `what was applied before is not known (${error.message})`;
    return { journals: [], notes: [`${unread}: interrupts that were moved since then are not put back`] };
  }
}
