/** The journals that are not undone, and those that can be undone from here. */

import { isFailure, isSystemError } from '../system/errors.ts';
import type { Netns } from '../system/netns.ts';
import type { Files } from '../system/types.ts';
import { type Device, deviceOf, type Identity, identityOf } from './device.ts';
import type { Journal } from './journal.ts';
import { type JournalFile, listJournals, readJournal } from './journal-file.ts';
import { underPresentNames } from './present-names.ts';

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

interface Here {
  readonly files: Files;
  readonly state: string;
  readonly bootId: string;
  readonly netns: Netns;
}

/** Those of here have the present names of their interfaces. Throws SystemError if the folder cannot be read. */
export function readJournals({ files, state, bootId, netns }: Here): JournalList {
  const notes: string[] = [];
  const journals = listJournals(state).flatMap((file): ListedJournal[] => {
    try {
      const journal = readJournal(file);
      const place = placeOf(journal, bootId, netns);
      return [{ file, journal: place === 'here' ? underPresentNames(journal, files) : journal, place }];
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
export const journalsInForce = (machine: Here): InForce =>
  journalsOf(machine, ({ is }) => is !== 'recreated');

/**
 * Also what was set on an interface that has come back since with the same address: it is in force no more, but wanted. A
 * driver that is loaded again, or a NIC that is reset, makes a new interface.
 */
export const journalsWanted = (machine: Here): InForce =>
  journalsOf(machine, (device) => device.is !== 'recreated' || hasReturned(device));

const hasReturned = ({ then, now }: Found): boolean =>
  then !== null && then.address !== '' && then.address === now?.address;

interface Found {
  readonly is: Identity;
  readonly then: Device | null;
  readonly now: Device | null;
}

function journalsOf(machine: Here, keeps: (device: Found) => boolean): InForce {
  try {
    const { journals, notes } = readJournals(machine);
    const here = journals.filter(({ place }) => place === 'here').map(({ journal }) => journal);
    return { journals: here.map((journal) => onDevices(journal, machine.files, keeps)), notes };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const unread = `what was applied before is not known (${error.message})`;
    return { journals: [], notes: [`${unread}: interrupts that were moved since then are not put back`] };
  }
}

function onDevices(journal: Journal, files: Files, keeps: (device: Found) => boolean): Journal {
  const isKept = ({ device: then, change }: Journal['steps'][number]): boolean => {
    const now = deviceOf(files, change.target);
    return keeps({ is: identityOf(then, now), then, now });
  };
  return { ...journal, steps: journal.steps.filter(isKept) };
}
