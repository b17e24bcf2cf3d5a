/** What is applied and attached, and what has drifted since. */
import { readSockets, type Sockets } from '../host/sockets.ts';
import { readAttachments } from '../tune/attachment.ts';
import { allDropIns } from '../tune/drop-in.ts';
import type { JournalList } from '../tune/journal-list.ts';
import type { Access } from '../tune/settings/setting.ts';
import { type Standing, type StatusVerdict, standingOf, verdictOf } from '../tune/status.ts';
import { names } from '../words/phrase.ts';
import { accessTo, type LiveMachine } from './machine.ts';
import { journalsOf } from './undo.ts';

export interface Status extends JournalList, Standing {
  readonly verdict: StatusVerdict;
  /** Files by which systemd attaches programs at each start of a server. */
  readonly dropIns: readonly string[];
}

/** Throws SystemError if the folder of journals cannot be read. */
export async function statusOf(machine: LiveMachine): Promise<Status> {
  const list = journalsOf(machine);
  const here = list.journals.filter(({ place }) => place === 'here');
  const sockets = await readSockets(machine, machine.arch, { port: null, slots: true, sampleSeconds: 0 });
  const attached = { groups: sockets.groups, attachments: readAttachments(machine) };
  const journals = here.map(({ file, journal }) => ({ ...journal, id: file.id }));
  const standing = await standingOf(accessOf(machine, sockets), journals, attached);
  const notes = [...list.notes, ...unseenPrograms(sockets, standing)];
  return { ...list, notes, ...standing, verdict: verdictOf(list, standing), dropIns: allDropIns() };
}

/** The groups have been read, all at once: to see one takes as long as to see them all. */
function accessOf(machine: LiveMachine, { groups }: Sockets): Access {
  const access = accessTo(machine);
  const group = async (id: string) => groups.find((each) => each.id === id) ?? null;
  return { ...access, programs: { ...access.programs, group } };
}

/** Groups whose program could not be read, and that nothing is known to be attached to. */
function unseenPrograms({ groups }: Sockets, { settings }: Standing): readonly string[] {
  const told = new Set(settings.map(({ subject }) => subject));
  const unseen = groups.filter(({ id, selection }) => selection === null && !told.has(id));
  const [first] = unseen;
  if (first === undefined) return [];
  const why = first.notes[0] ?? 'the kernel was not read';
  return [`it is not known whether a program is attached to ${names(unseen.map(({ id }) => id))}: ${why}`];
}
