/** This machine, as the watcher reads and repairs it. */
import { type KnownSlots, readQuickly, readSlotsOf } from '../host/known-slots.ts';
import type { Host } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import { failure, isFailure } from '../system/errors.ts';
import { readAttachments } from '../tune/attachment.ts';
import { journalsInForce } from '../tune/journal-list.ts';
import type { Saved } from '../tune/saved.ts';
import type { Change, Kind, PlanOptions } from '../tune/types.ts';
import type { LiveMachine } from '../use-cases/machine.ts';
import { planFor } from '../use-cases/plan.ts';
import { repair } from '../use-cases/repair.ts';
import { fromHost, fromRecords, fromSavedPlan, type Scope, type Steering } from './baseline.ts';
import type { Baseline, WatchEvent } from './types.ts';
import { createSigns } from './vital-signs.ts';
import type { WatchedMachine } from './watcher.ts';

/** `applied`: what journals and attachments record; `now`: the machine as it is; or a file. */
export type BaselineChoice =
  | 'applied'
  | 'now'
  | { readonly path: string; readonly saved: Saved }
  | { readonly path: string; readonly host: Host };

export interface Opened {
  readonly machine: WatchedMachine;
  readonly baseline: Baseline;
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

  const read = async (slots: boolean): Promise<Host> => {
    if (slots) known = await readSlotsOf(machine, machine.arch, port);
    const host = await readQuickly(machine, { ifaces: scope.ifaces, port }, known, true);
    last = within(host, scope);
    return last;
  };

  const fromApplied = (host: Host): Baseline => {
    const { journals } = journalsInForce(machine);
    return fromRecords(journals, [...readAttachments(machine).values()], host, 'what was applied');
  };

  const build = (from: BaselineChoice, host: Host): Baseline => {
    if (from === 'applied') return withinScope(fromApplied(host), scope);
    if (from === 'now') return fromHost(host, scope, `the machine at ${new Date().toISOString()}`);
    const baseline =
      'saved' in from
        ? fromSavedPlan(from.saved, host, from.path)
        : fromHost(within(from.host, scope), scope, from.path);
    return withinScope(baseline, scope);
  };
  const baseline = build(choice, await read(true));

  const signs = createSigns(machine, now);
  const ports = (): ReadonlySet<number> => new Set(last?.groups.map((group) => group.port) ?? scope.ports);
  let records = '';
  return {
    baseline,
    again: async (fresh) => build(fresh, await read(true)),
    machine: {
      now,
      read,
      say,
      pulse: () => signs(last, ports()),
      rebase: async (seen) => {
        if (choice !== 'applied') return null;
        const fresh = withinScope(fromApplied(seen), scope);
        const text = JSON.stringify(fresh.settings);
        if (text === records) return null;
        const isFirst = records === '';
        records = text;
        return isFirst ? null : { ...fresh, findings: baseline.findings };
      },
      replan: (seen, group, wanted) => Promise.resolve(replan(machine, seen, group, wanted)),
      repair: (changes) => repairIfFree(machine, changes, signal),
    },
  };
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
  return planFor(viewOf({ ...host, groups: [group] }), options, machine).plan.changes;
}

/** Nothing is done while somebody applies or undoes; the next check sees what is left to do. */
async function repairIfFree(machine: LiveMachine, changes: readonly Change[], signal: AbortSignal) {
  try {
    return await repair(machine, changes, signal);
  } catch (error) {
    if (isFailure(error) && error.code === 'busy') return new Map<Change, string | null>();
    throw error;
  }
}

const within = (host: Host, { ifaces, ports }: Scope): Host => ({
  ...host,
  nics: host.nics.filter(({ name }) => ifaces.length === 0 || ifaces.includes(name)),
  groups: host.groups.filter(({ port }) => ports.length === 0 || ports.includes(port)),
});

/** Settings of other interfaces and ports are not watched; an empty list is everything of its kind. */
function withinScope(baseline: Baseline, { ifaces, ports }: Scope): Baseline {
  const isOurs = (name: string): boolean => ifaces.length === 0 || ifaces.includes(name);
  const settings = baseline.settings.filter(({ target }) => {
    if ('nic' in target) return isOurs(target.nic);
    if ('nics' in target) return target.nics.some(isOurs);
    if (!('group' in target)) return true;
    return ports.length === 0 || ports.includes(Number(/:(\d+)(?: group \d+)?$/.exec(target.group)?.[1]));
  });
  const groups = new Set(settings.flatMap(({ target }) => ('group' in target ? [target.group] : [])));
  const sizes = new Map([...baseline.sizes].filter(([id]) => groups.has(id)));
  return { ...baseline, settings, sizes };
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
