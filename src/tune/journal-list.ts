/** The journals that are not undone, and those that can be undone from here. */

import { isFailure, isSystemError } from '../system/errors.ts';
import type { Netns } from '../system/netns.ts';
import type { Files } from '../system/types.ts';
import { deviceOf, identityOf } from './device.ts';
import type { Journal } from './journal.ts';
import { type JournalFile, listJournals, readJournal } from './journal-file.ts';

/** `here`: of this boot and network namespace; `elsewhere`: of another namespace; `before`: of an earlier boot; `gone`: of a namespace
 * that has gone, whose inode this one has now. */
export type JournalPlace = 'here' | 'elsewhere' | 'before' | 'gone';

export interface ListedJournal {
  readonly file: JournalFile;
  readonly journal: Journal;
  readonly place: JournalPlace;
}

export interface JournalList {
  /** The newest first. */
  readonly journals: readonly ListedJournal[];
  /** One sentence for each that cannot be read. */
  readonly notes: readonly string[];
}

/** Throws SystemError if the folder cannot be read. */
export function readJournals(state: string, bootId: string, netns: Netns): JournalList {
  const notes: string[] = [];
  const journals = listJournals(state).flatMap((file): ListedJournal[] => {
    try {
      const journal = readJournal(file);
      return [{ file, journal, place: placeOf(journal, bootId, netns) }];
    } catch (error) {
      if (!isFailure(error)) throw error;
      notes.push(error.message);
      return [];
    }
  });
  return { journals, notes };
}

function placeOf({ header }: Journal, bootId: string, { inode, cookie }: Netns): JournalPlace {
  if (header.bootId !== bootId) return 'before';
  const { netns, netnsCookie } = header;
  if (netns !== inode) return 'elsewhere';
  return netnsCookie === null || cookie === null || netnsCookie === cookie ? 'here' : 'gone';
}

export interface InForce {
  /** Those of this boot and network namespace, newest first. */
  readonly journals: readonly Journal[];
  /** One sentence for what cannot be read. */
  readonly notes: readonly string[];
}

/** If the folder cannot be read, it does not throw; a note says so. */
export function journalsInForce(machine: {
  readonly files: Files;
  readonly state: string;
  readonly bootId: string;
  readonly netns: Netns;
}): InForce {
  try {
    const { journals, notes } = readJournals(machine.state, machine.bootId, machine.netns);
    const here = journals.filter(({ place }) => place === 'here').map(({ journal }) => journal);
    return { journals: here.map((journal) => ofThisDevice(journal, machine.files)), notes };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const unread = `what was applied before is not known (${error.message})`;
    return { journals: [], notes: [`${unread}: interrupts that were moved since then are not put back`] };
  }
}

/** Without settings on interfaces that were recreated since. */
function ofThisDevice(journal: Journal, files: Files): Journal {
  const isSame = ({ device, change }: Journal['steps'][number]) =>
    identityOf(device, deviceOf(files, change.target)) !== 'recreated';
  return { ...journal, steps: journal.steps.filter(isSame) };
}
