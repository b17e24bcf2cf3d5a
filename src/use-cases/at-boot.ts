/** `apply --persist` and `--saved`: a plan that is applied again at boot. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readHost } from '../host/host.ts';
import type { Host } from '../host/types.ts';
import { duringOperation, failure, isFailure } from '../system/errors.ts';
import type { Files } from '../system/types.ts';
import type { Persisted } from '../tune/journal.ts';
import { type JournalFile, markUndone, openJournal } from '../tune/journal-file.ts';
import { readJournals } from '../tune/journal-list.ts';
import { takeLock } from '../tune/lock.ts';
import { type MadeFor, machineIdOf, otherMachine } from '../tune/made-for.ts';
import { serviceOf, type UnitFacts, unitOf, writeUnit } from '../tune/persist.ts';
import { fromSaved, groupsOf, parseSaved, type Saved, toSaved } from '../tune/saved.ts';
import type { Plan } from '../tune/types.ts';
import { requireOwnCommand } from '../tune/unit.ts';
import type { LiveMachine } from './machine.ts';

/** A plan, its machine, and the unit that applies it. */
export interface SavedPlan {
  readonly host: Host;
  readonly plan: Plan;
  readonly persisted: Persisted | null;
}

const WAIT_MS = 60_000;
const PAUSE_MS = 1_000;

/**
 * Throws Failure `not-saved`, `other-machine`. @param text of a file of `plan --save` or `keepAtBoot`, and its `path`
 * @param anyway also if it was made for another machine
 */
export async function savedPlan(
  machine: LiveMachine,
  text: string,
  path: string,
  anyway: boolean,
): Promise<SavedPlan> {
  const saved = parseSaved(text, path);
  if (saved.machine !== undefined && !anyway)
    await requireMadeHere(machine, saved.machine, `${path} is a plan for`);
  await untilThere(machine, groupsOf(saved));
  const slots = saved.changes.some(({ target }) => 'slot' in target);
  const host = await readHost(machine, { ...EVERYTHING, ifaces: nicsOf(saved), slots });
  return { host, plan: fromSaved(saved, host), persisted: saved.persisted ?? null };
}

/** Throws Failure `other-machine`. @param what the first words of its message: `plan.json is a plan for` */
export async function requireMadeHere(machine: LiveMachine, then: MadeFor, what: string): Promise<void> {
  const id = machineIdOf(machine.files);
  const ifaces = then.nics.map(({ name }) => name);
  const { machine: now, nics } = await readHost(machine, { ...EVERYTHING, ifaces });
  const why = otherMachine(then, { hostname: now.hostname, id, nics });
  if (why !== null)
    throw failure(
      'other-machine',
      `${what} another machine: ${why}`,
      'make a plan on this machine, or give --force if it fits here too',
    );
}

/** At boot several units may run at once. Throws Failure `busy` after a minute, and what `act` throws. */
export async function whenFree<T>(act: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + WAIT_MS; ; await sleep(PAUSE_MS)) {
    try {
      return await act();
    } catch (error) {
      if (!isFailure(error) || error.code !== 'busy' || performance.now() >= end) throw error;
    }
  }
}

const EVERYTHING = { ifaces: [], port: null, slots: false, sampleSeconds: 0 } as const;

const nicsOf = ({ changes }: Saved): string[] => [
  ...new Set(changes.flatMap(({ target }) => ('nic' in target ? [target.nic] : []))),
];

/** At boot a server may be running but not listening yet. If it never listens, its groups are refused one by one. */
async function untilThere(machine: LiveMachine, groups: readonly string[]): Promise<void> {
  if (groups.length === 0) return;
  for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(PAUSE_MS)) {
    const there = new Set((await readHost(machine, EVERYTHING)).groups.map(({ id }) => id));
    if (groups.every((id) => there.has(id))) return;
  }
}

/**
 * Writes a systemd unit that applies the plan again at boot. Returns messages for the user.
 * @param command how to run this tool: node and its entry file
 */
export async function keepAtBoot(
  machine: LiveMachine,
  file: JournalFile,
  { plan, host }: Pick<SavedPlan, 'plan' | 'host'>,
  command: readonly string[],
): Promise<string[]> {
  requireOwnCommand(command);
  const { saved, left } = toSaved(plan, host);
  const facts = unitFacts(machine.files, saved, host, command);
  const files = unitOf(machine.state, file.id);
  const { persisted } = files;
  try {
    const release = takeLock(machine.state, machine.files);
    try {
      note(file, persisted);
      await writeUnit(files, facts, saved).catch((error: unknown) => {
        note(file, { ...persisted, files: [] });
        throw error;
      });
    } finally {
      release();
    }
  } catch (error) {
    throw duringOperation(
      error,
      `the settings were applied (journal ${file.id}), but their unit could not be written`,
    );
  }
  return [
    `${persisted.unit} applies it again at boot`,
    ...left.map(({ subject, why }) => `${subject}: not at boot: ${why}`),
  ];
}

/** The unit that started this run now belongs to this journal, so that one undo removes both. */
export function takeOver(machine: LiveMachine, file: JournalFile, persisted: Persisted): readonly string[] {
  note(file, persisted);
  const { journals, notes } = readJournals(machine);
  for (const { file: old, journal, place } of journals)
    if (place === 'before' && journal.persisted.some(({ unit }) => unit === persisted.unit)) markUndone(old);
  return notes;
}

/** The caller holds the lock. */
export function note(file: JournalFile, persisted: Persisted): void {
  const writer = openJournal(file);
  writer.append(persisted);
  writer.close();
}

function unitFacts(files: Files, saved: Saved, host: Host, command: readonly string[]): UnitFacts {
  const groups = new Set(groupsOf(saved));
  const owners = host.groups
    .filter(({ id }) => groups.has(id))
    .flatMap(({ sockets }) => sockets.flatMap((socket) => socket.owners));
  const pids = new Set(owners.map(({ pid }) => pid));
  const services = [...pids].flatMap((pid) => serviceOf(files, pid) ?? []);
  return {
    what: [...nicsOf(saved), ...groups].join(', '),
    command,
    after: [...new Set(services)].sort(),
  };
}
