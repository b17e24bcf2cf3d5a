/** Which applied settings and attached programs are still in force, and which have drifted. */

import { disassemble } from '../cbpf/disassemble.ts';
import { recognise } from '../cbpf/programs.ts';
import { formatCpuList } from '../host/cpus.ts';
import type { Group } from '../host/types.ts';
import { errnoCode, isFailure } from '../system/errors.ts';
import { count } from '../words/phrase.ts';
import type { Attachment } from './attachment.ts';
import type { Author } from './author.ts';
import { deviceOf, identityOf } from './device.ts';
import { type Journal, type JournalStep, lastSteps } from './journal.ts';
import type { JournalList } from './journal-list.ts';
import { likelyCause } from './refusal.ts';
import { isEffective } from './settings/irq.ts';
import type { Access } from './settings/setting.ts';
import { settingOf } from './settings/settings.ts';
import { attachedProgram, misfit } from './standing-program.ts';
import type { Kind, ServedSlot, Target } from './types.ts';

/**
 * `pending`: an IRQ that was moved and has not come yet. `ended`: with the process or daemon that it was a setting of.
 * `unknown`: it could not be read.
 */
export type SettingState = 'as-set' | 'drift' | 'pending' | 'ended' | 'unknown';

export interface StandingSetting {
  readonly kind: Kind;
  readonly subject: string;
  /** What it was set to, as read back then. */
  readonly wanted: string;
  /** null: it can't be read, or has gone. */
  readonly is: string | null;
  readonly state: SettingState;
  /** The likely cause of a drift, the reason of `unknown` and `ended`. */
  readonly why: string | null;
  /** Id of the journal that has it; null for a program by `attach`. */
  readonly journal: string | null;
  /** When and by whom; null where that was not noted. */
  readonly time: string | null;
  readonly by: Author | null;
}

export interface Drift {
  readonly subject: string;
  readonly wanted: string;
  /** null: it cannot be read, or is gone. */
  readonly is: string | null;
  /** The likely cause. */
  readonly likely: string;
}

export interface Standing {
  /** In the order in which they were set; superseded ones are left out. */
  readonly settings: readonly StandingSetting[];
  readonly drift: readonly Drift[];
  /** IRQs whose effective affinity differs: no interrupt has come yet, or permanently. */
  readonly pending: readonly string[];
}

/** `unknown`: something could not be read, or an apply was interrupted. */
export type StatusVerdict = 'as-set' | 'drift' | 'nothing' | 'unknown';

/** The running groups, with what was noted when a program was attached to them. */
export interface AttachedPrograms {
  readonly groups: readonly Group[];
  readonly attachments: ReadonlyMap<string, Attachment>;
}

const NOTHING: AttachedPrograms = { groups: [], attachments: new Map() };

/** Of several journals, newest first, the latest record of each setting counts. */
export async function standingOf(
  access: Access,
  journals: readonly (Journal & { readonly id?: string })[],
  attached: AttachedPrograms = NOTHING,
): Promise<Standing> {
  const steps = [...lastSteps(journals).values()];
  const settings: StandingSetting[] = [];
  // In the order in which they were set.
  for (const step of steps.toReversed()) {
    const { journal } = step;
    const found = await compare(access, step, steps, attached);
    if (found === null) continue;
    const what = { kind: step.change.kind, subject: step.change.subject, wanted: step.is };
    const { time, by } = journal.header;
    settings.push({ ...what, ...found, journal: journal.id ?? null, time, by });
  }
  const told = new Set(settings.flatMap(({ kind, subject }) => (kind === 'program' ? [subject] : [])));
  settings.push(...attached.groups.flatMap((group) => (told.has(group.id) ? [] : byAttach(group, attached))));
  const running = new Set(attached.groups.map(({ id }) => id));
  for (const each of attached.attachments.values())
    if (!running.has(each.group) && !told.has(each.group)) settings.push(withoutServer(each));
  return {
    settings,
    drift: settings.flatMap(({ subject, wanted, is, state, why }) =>
      state === 'drift' ? [{ subject, wanted, is, likely: why ?? '' }] : [],
    ),
    pending: settings.flatMap(({ state, subject }) => (state === 'pending' ? [subject] : [])),
  };
}

type Found = Pick<StandingSetting, 'is' | 'state' | 'why'> & { readonly wanted?: string };

const RECREATED = 'the interface was deleted and recreated, which reset everything to its defaults';
const RELOADED = 'the server was restarted or reloaded';

/** null: something that was applied later has taken its place. */
async function compare(
  access: Access,
  step: JournalStep,
  steps: readonly JournalStep[],
  attached: AttachedPrograms,
): Promise<Found | null> {
  const { change, device, is: wanted } = step;
  const setting = settingOf(change.target);
  try {
    const target = await setting.find(access, change.target);
    if (identityOf(device, deviceOf(access.files, target)) === 'recreated')
      return { is: null, state: 'drift', why: RECREATED };
    const is = await setting.read(access, target);
    if (target.kind === 'program' && is === null) return unseen(target.group, attached);
    if (is !== null && setting.same(is, wanted)) {
      if (target.kind === 'irq' && isEffective(access.files, target, is) === false)
        return { is, state: 'pending', why: 'no interrupt has occurred since' };
      return (
        (target.kind === 'program' && unfit(target.group, attached)) || { is, state: 'as-set', why: null }
      );
    }
    const running = access.files.list('/run/irqbalance').length > 0;
    return { is, state: 'drift', why: likelyCause(change.kind, running) };
  } catch (error) {
    if (!isFailure(error) && errnoCode(error) === null) throw error;
    const why = error instanceof Error ? error.message : '';
    const hasGone = isFailure(error) ? error.code === 'gone' : errnoCode(error) === 'ESRCH';
    if (hasGone && change.target.kind === 'pin') return successor(change.target, step, steps, attached, why);
    const ends = change.kind === 'program' || change.kind === 'irqbalance';
    return { is: null, state: hasGone && ends ? 'ended' : 'drift', why };
  }
}

/** Of a pin whose thread has ended: what the thread that serves the slot now has. */
function successor(
  { serves }: Extract<Target, { readonly kind: 'pin' }>,
  step: JournalStep,
  steps: readonly JournalStep[],
  { groups }: AttachedPrograms,
  gone: string,
): Found | null {
  const ended: Found = { is: null, state: 'ended', why: gone };
  if (serves === undefined) return ended;
  if (steps.find(({ change: { target } }) => isPinOf(target, serves)) !== step) return null;
  const group = groups.find(({ id }) => id === serves.group);
  const { slot: served } = serves;
  // Where the slot was not known, one worker that is not pinned stands for all.
  const member = group?.sockets.find(({ slot, slotSource, cpus }) =>
    served === null ? cpus.length > 1 : slotSource === 'kernel' && slot === served,
  );
  const cpus = member?.cpus ?? [];
  // A server that pins its workers itself has its own idea of where, and programs and interrupts are compared for themselves.
  if (cpus.length < 2) return cpus.length === 0 ? ended : null;
  return {
    is: formatCpuList(cpus),
    state: 'drift',
    why: `${RELOADED}: \`locality-tune apply\` pins its new workers`,
  };
}

function isPinOf(target: Target, { group, slot }: ServedSlot): boolean {
  if (target.kind !== 'pin' || target.serves?.group !== group) return false;
  return slot === null || target.serves.slot === null || target.serves.slot === slot;
}

/** Of a program that is attached still. null: it fits. */
function unfit(id: string, { groups, attachments }: AttachedPrograms): Found | null {
  const group = groups.find((each) => each.id === id);
  const instructions = group?.program?.instructions ?? null;
  if (group === undefined || instructions === null) return null;
  const noted = notedFor(group, attachments);
  const found = misfit(group, attachedProgram(group, noted)?.spec ?? null, noted);
  if (found === null) return null;
  const name = group.program?.name ?? 'the program';
  return {
    wanted: `${name} ${found.wanted}`,
    is: found.is,
    state: 'drift',
    why: `${RELOADED}: plan or attach again`,
  };
}

/** What was noted of the very program that is attached now. */
function notedFor({ id, program }: Group, attachments: AttachedPrograms['attachments']): Attachment | null {
  const noted = attachments.get(id) ?? null;
  const now = program?.instructions ?? null;
  return noted !== null && now !== null && disassemble(noted.instructions) === disassemble(now)
    ? noted
    : null;
}

const unseen = (id: string, { groups }: AttachedPrograms): Found => ({
  is: null,
  state: 'unknown',
  why: groups.find((group) => group.id === id)?.notes[0] ?? 'the program of the group cannot be read',
});

/** Programs of ours that no journal has, and groups that lost one, or can't show it. */
function byAttach(group: Group, attached: AttachedPrograms): StandingSetting[] {
  const { id, selection, size } = group;
  const last = attached.attachments.get(id) ?? null;
  const noted = notedFor(group, attached.attachments);
  const own = attachedProgram(group, noted);
  const name = own?.name ?? 'the program';
  const setting = (found: Found): StandingSetting[] => [
    {
      kind: 'program',
      subject: id,
      wanted: `${name} for ${count(noted?.size ?? size, 'socket')}`,
      ...found,
      journal: null,
      time: (noted ?? last)?.time ?? null,
      by: (noted ?? last)?.by ?? null,
    },
  ];
  if (own !== null)
    return setting(unfit(id, attached) ?? { is: `for ${count(size, 'socket')}`, state: 'as-set', why: null });
  if (last === null) return [];
  const { instructions } = last;
  const wanted = recognise(instructions)?.name ?? disassemble(instructions);
  if (selection === null) return setting({ ...unseen(id, attached), wanted });
  return setting({
    wanted,
    is: group.program === null ? 'none' : (group.program.name ?? 'another program'),
    state: 'drift',
    why: likelyCause('program', false),
  });
}

/** One that starts on the same address may get the program again, from a watcher. */
const withoutServer = ({ group, instructions, size, time, by }: Attachment): StandingSetting => ({
  kind: 'program',
  subject: group,
  wanted: `${recognise(instructions)?.name ?? 'the program'} for ${count(size, 'socket')}`,
  is: null,
  state: 'ended',
  why: 'no reuseport group is on this address now',
  journal: null,
  time,
  by,
});

export function verdictOf({ journals, notes }: JournalList, { settings, drift }: Standing): StatusVerdict {
  if (drift.length > 0) return 'drift';
  const cut = journals.some(({ journal, place }) => place === 'here' && !journal.ended);
  if (cut || notes.length > 0 || settings.some(({ state }) => state === 'unknown')) return 'unknown';
  return settings.every(({ state }) => state === 'ended') ? 'nothing' : 'as-set';
}
