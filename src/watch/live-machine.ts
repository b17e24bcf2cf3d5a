/** This machine, as the watcher reads and repairs it. */
import {
  isOutdated,
  type KnownSlots,
  outdated,
  readQuickly,
  readSlotsOf,
  withOrder,
  withoutProgram,
} from '../host/known-slots.ts';
import { createProgramCheck } from '../host/program-check.ts';
import type { Group, Host } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import { failure, isFailure, isSystemError } from '../system/errors.ts';
import { readAttachments } from '../tune/attachment.ts';
import { openIrqbalance } from '../tune/irqbalance.ts';
import { journalsWanted } from '../tune/journal-list.ts';
import type { Saved } from '../tune/saved.ts';
import type { JustRead } from '../tune/settings/program.ts';
import type { Access } from '../tune/settings/setting.ts';
import { settingOf } from '../tune/settings/settings.ts';
import type { Change, Kind, PlanOptions, Target } from '../tune/types.ts';
import { isReadApart } from '../tune/value-in.ts';
import { accessTo, type LiveMachine } from '../use-cases/machine.ts';
import { planFor } from '../use-cases/plan.ts';
import { repair } from '../use-cases/repair.ts';
import { knownBans } from './bans.ts';
import { follow, fromHost, fromRecords, fromSavedPlan, type Scope, type Steering } from './baseline.ts';
import type { Source } from './listen.ts';
import { type Apart, settled } from './observe.ts';
import { interfacesOf, partOf, partOfBaseline } from './part.ts';
import type { Baseline, Expectation, WatchEvent } from './types.ts';
import { createSigns } from './vital-signs.ts';
import type { Reading, SlotReading, WatchedMachine } from './watched-machine.ts';

/** `applied`: what journals and attachments record; `now`: the machine as it is; or a file. */
export type BaselineChoice =
  | 'applied'
  | 'now'
  | { readonly path: string; readonly saved: Saved }
  | { readonly path: string; readonly host: Host };

export interface Opened {
  readonly machine: WatchedMachine;
  readonly baseline: Baseline;
  /** The machine as it was read for the baseline. */
  readonly first: Host;
  /** How changes of programs are noticed; null: there is no group. */
  programs(): Source | null;
  /** The baseline, made again from what may have changed: the records or the file. */
  again(choice: BaselineChoice): Promise<Baseline>;
}

/** The baseline may be empty: see `requireSettings`. Throws SystemError. */
export async function openWatched(
  machine: LiveMachine,
  choice: BaselineChoice,
  scope: Scope,
  signal: AbortSignal,
  say: (event: WatchEvent) => void,
): Promise<Opened> {
  let known: KnownSlots = new Map();
  let last: Host | null = null;
  const now = (): number => performance.now();
  const port = scope.ports.length === 1 ? (scope.ports[0] ?? null) : null;

  const programs = createProgramCheck();
  const bans = knownBans(openIrqbalance(machine.files));
  const named = new Set(scope.ifaces);

  const readSlots = async (): Promise<void> => {
    const read = await readSlotsOf(machine, machine.arch, port);
    known = read.known;
    programs.expect(read.addresses);
  };
  /** Reads the slots of groups that have other sockets now, without bpftrace. Was that possible for all of them? */
  const reorder = (groups: readonly Group[]): boolean => {
    const fresh = outdated(groups, known).map((group) => {
      const inodes = group.sockets.map(({ inode }) => inode);
      return withOrder(group, known.get(group.id), programs.slotsOf(inodes));
    });
    if (fresh.length === 0 || fresh.some((group) => group === null)) return false;
    known = new Map([
      ...known,
      ...fresh.flatMap((group) => (group === null ? [] : [[group.id, group] as const])),
    ]);
    return true;
  };
  /** Notes which groups have lost their programs, without bpftrace. Has nothing else changed? */
  const takeOff = (groups: readonly Group[]): boolean => {
    if (isOutdated(groups, known)) return false;
    for (const { id, sockets } of groups) {
      const before = known.get(id);
      if (before !== undefined && programs.hasLost(sockets.map(({ inode }) => inode)))
        known = new Map(known).set(id, withoutProgram(before));
    }
    return !programs.hasChanged();
  };
  const readOnce = async (): Promise<Host> => {
    const host = await readQuickly(machine, { ifaces: scope.ifaces, port }, known, true);
    return partOf(await bans(host), scope, named);
  };
  const read = async (slots: SlotReading): Promise<Reading> => {
    if (slots === 'again' && programs.hasChanged()) {
      last = await readOnce();
      if (takeOff(last.groups)) {
        last = await readOnce();
        return { host: last, slots: true, outdated: false };
      }
    }
    if (slots === 'again') await readSlots();
    last = await readOnce();
    if (slots === 'if-changed' && reorder(last.groups)) last = await readOnce();
    if (slots !== 'if-changed' || !isOutdated(last.groups, known))
      return { host: last, slots: slots === 'again', outdated: isOutdated(last.groups, known) };
    await readSlots();
    last = await readOnce();
    return { host: last, slots: true, outdated: isOutdated(last.groups, known) };
  };

  /** A group whose address and program are the same as a moment ago, and whose sockets are, need not be read again. */
  const justRead: JustRead = (wanted) => {
    if (last === null || programs.why !== null || programs.hasChanged()) return null;
    const { groups, lone } = last;
    return { groups: groups.filter((each) => each.port === wanted), lone };
  };

  const fromApplied = (host: Host): Baseline => {
    const { journals } = journalsWanted(machine);
    return fromRecords(journals, [...readAttachments(machine).values()], host, 'what was applied');
  };

  const build = (from: BaselineChoice, host: Host): Baseline => {
    if (from === 'applied') return partOfBaseline(fromApplied(host), scope);
    if (from === 'now') return fromHost(host, scope, `the machine at ${new Date().toISOString()}`);
    const baseline =
      'saved' in from
        ? fromSavedPlan(from.saved, host, from.path)
        : fromHost(partOf(from.host, scope, named), scope, from.path);
    return partOfBaseline(baseline, scope);
  };
  /** Its settings, if others may change them. */
  let records = '';
  const watched = (from: BaselineChoice, host: Host): Baseline => {
    const baseline = build(from, host);
    records = JSON.stringify(baseline.settings);
    for (const name of interfacesOf(baseline)) named.add(name);
    return baseline;
  };
  const freshly = (host: Host): Baseline | null => {
    const fresh = partOfBaseline(fromApplied(host), scope);
    return JSON.stringify(fresh.settings) === records ? null : fresh;
  };
  /** Has nobody applied, undone, attached or detached anything since the last look? */
  const stands = (): boolean => choice !== 'applied' || last === null || freshly(last) === null;
  const { host: first } = await read('again');
  const baseline = watched(choice, first);

  const signs = createSigns(machine, now);
  const ports = (): ReadonlySet<number> => new Set(last?.groups.map((group) => group.port) ?? scope.ports);
  return {
    baseline,
    first,
    programs: () =>
      known.size === 0 ? null : { name: 'programs', ok: programs.why === null, why: programs.why },
    again: async (fresh) => watched(fresh, (await read('again')).host),
    machine: {
      now,
      read,
      readApart: (settings) => readApart(machine, settings),
      say,
      pulse: () => signs(last, ports(), programs),
      rebase: async (seen, now) => {
        const fresh = choice === 'applied' ? freshly(seen) : null;
        if (fresh === null) return null;
        records = JSON.stringify(fresh.settings);
        for (const name of interfacesOf(fresh)) named.add(name);
        return follow(now, fresh);
      },
      replan: (seen, group, wanted) => Promise.resolve(replan(machine, seen, group, wanted)),
      repair: async (changes) => {
        // What was read of a group before its program was set says nothing of it now.
        const groups = new Set(
          changes.filter(({ kind }) => kind === 'program').map(({ subject }) => subject),
        );
        const results = await repairIfFree(machine, changes, signal, stands, justRead);
        known = new Map([...known].filter(([id]) => !groups.has(id)));
        return results;
      },
    },
  };
}

/** What the kernel refuses to say is not known. */
async function readApart(machine: LiveMachine, settings: readonly Expectation[]): Promise<Apart> {
  const apart = settings.filter(({ target }) => isReadApart(target));
  if (apart.length === 0) return new Map();
  const access = accessTo(machine);
  const values = new Map<string, string | null>();
  // Only pins and bans are saved otherwise than they are set.
  for (const { subject, target } of apart)
    if ('nic' in target) values.set(subject, await readOne(access, target));
  return values;
}

async function readOne(access: Access, target: Target): Promise<string | null> {
  try {
    return await settingOf(target).read(access, target);
  } catch (error) {
    if (isFailure(error) || isSystemError(error)) return null;
    throw error;
  }
}

/** What the planner would change for this group alone. */
function replan(machine: LiveMachine, host: Host, id: string, wanted: Steering): readonly Change[] {
  const group = host.groups.find((each) => each.id === id);
  if (group === undefined) return [];
  const only: Kind[] = [
    ...(wanted.pins ? (['pin'] as const) : []),
    ...(wanted.program === null ? [] : (['program'] as const)),
  ];
  const options: PlanOptions = {
    ifaces: [],
    ports: [group.port],
    protocol: group.protocol,
    only,
    cpus: null,
    irqCpus: null,
    avoidCpus: [],
    smt: 'one',
    program: wanted.program === 'by-cpu' ? null : wanted.program,
  };
  const { changes } = planFor(viewOf({ ...settled(host), groups: [group] }), options, machine).plan;
  // To take the program off is more than the baseline says.
  return changes.filter(({ kind, to }) => kind !== 'program' || to !== 'none');
}

/** Nothing is done while somebody applies or undoes; the next check sees what is left to do. */
async function repairIfFree(
  machine: LiveMachine,
  changes: readonly Change[],
  signal: AbortSignal,
  stands: () => boolean,
  justRead: JustRead,
) {
  try {
    return await repair(machine, changes, signal, stands, justRead);
  } catch (error) {
    if (isFailure(error) && error.code === 'busy') return new Map<Change, string | null>();
    throw error;
  }
}

/** Throws Failure nothing-to-watch. */
export function requireSettings({ settings }: Baseline, choice: BaselineChoice): void {
  if (settings.length > 0) return;
  if (choice === 'applied')
    throw failure(
      'nothing-to-watch',
      'nothing to watch: nothing is applied and no program is attached',
      'apply a plan first, or watch the machine as it is with --baseline now',
    );
  throw failure(
    'nothing-to-watch',
    'nothing to watch: the baseline holds no setting of these interfaces and ports',
    'see `locality-tune inspect` for what is on this machine',
  );
}

/** Throws Failure no-such-group: of a port nothing is known, neither now nor in the baseline. */
export function requirePorts({ baseline, first }: Opened, { ports }: Scope): void {
  const known = new Set([
    ...first.groups.map(({ port }) => port),
    ...[...baseline.sizes.keys()].map((id) => Number(/:(\d+)(?:\D.*)?$/.exec(id)?.[1])),
  ]);
  const missing = ports.find((port) => !known.has(port));
  if (missing !== undefined)
    throw failure(
      'no-such-group',
      `--port ${missing}: no reuseport group is on this port, and none was`,
      '`locality-tune inspect` lists the groups',
    );
}
