/** Plans what must change so that packets are read on the CPU that received them. */
import { isDeepStrictEqual } from 'node:util';
import { maxRxQueues } from '../diagnose/nics.ts';
import { inUse, unusedNics } from '../diagnose/quiet.ts';
import { substitute } from '../host/no-interrupts.ts';
import type { Group, Host, Nic } from '../host/types.ts';
import { expectedLocality } from '../path/expected.ts';
import { receivingNics } from '../path/receiving-nics.ts';
import type { Expected } from '../path/types.ts';
import type { View } from '../path/view.ts';
import { applied } from './applied.ts';
import type { Journal } from './journal.ts';
import { type Assignment, assign, isFree, leaveAsFound, spreadAll } from './plan/assignment.ts';
import { mayChange } from './plan/candidates.ts';
import { channels } from './plan/channels.ts';
import { fields } from './plan/fields.ts';
import { irq } from './plan/irq.ts';
import { irqbalance } from './plan/irqbalance.ts';
import { movedSince } from './plan/moved.ts';
import { napi } from './plan/napi.ts';
import { pin } from './plan/pin.ts';
import type { KindPlanner, PlanContext } from './plan/planner.ts';
import { program } from './plan/program.ts';
import { rfs } from './plan/rfs.ts';
import { rps } from './plan/rps.ts';
import { rss } from './plan/rss.ts';
import { xps } from './plan/xps.ts';
import { type Change, KINDS, type Plan, type PlannedKind, type PlanOptions, type Refused } from './types.ts';

const PLANNERS: Readonly<Record<PlannedKind, KindPlanner>> = {
  irqbalance,
  channels,
  rss,
  fields,
  irq,
  napi,
  xps,
  rps,
  rfs,
  pin,
  program,
};
/** The kinds that decide the number of queues. */
const FIRST: readonly PlannedKind[] = ['irqbalance', 'channels'];

/**
 * Pure. Each kind is planned on the machine after the kinds before it, so that a second plan after an apply is empty.
 * @param journals those in force, newest first
 */
export function planTuning(view: View, options: PlanOptions, journals: readonly Journal[] = []): Plan {
  const scope = new Set(scopeOf(view.host, options).nics.map(({ name }) => name));
  const back = mayChange(options, 'irq')
    ? movedSince(view.host, journals).filter(({ target }) => 'nic' in target && scope.has(target.nic))
    : [];
  const plan = planOn(applied(view.host, { changes: back }), options);
  return back.length === 0 ? plan : { ...plan, changes: joined(back, plan.changes) };
}

/** If both move an interrupt, it goes from its present CPU to that of the plan. */
function joined(back: readonly Change[], planned: readonly Change[]): readonly Change[] {
  const former = new Map(back.map((change) => [change.subject, change]));
  const changes = planned.map((change) => {
    const first = former.get(change.subject);
    if (first === undefined) return change;
    former.delete(change.subject);
    return { ...change, from: first.from };
  });
  const all = [...changes, ...former.values()];
  const order: readonly string[] = KINDS;
  return all.toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

/**
 * To move more settings for the workers of a NIC than the commands of `inspect` do must promise something, and nothing is
 * moved for workers that gain nothing.
 */
function planOn(host: Host, options: PlanOptions): Plan {
  const scope = scopeOf(host, options);
  const serving = assign(host, scope.nics, scope.groups, options);
  const full = planWith(host, scope, serving, options);
  const forWorkers = scope.nics.filter(({ name }) => serving.serving.get(name)?.workers === true);
  if (!isFree(options) || forWorkers.length === 0) return full;
  const outlook = (plan: Plan) => expectedFor(applied(host, plan), options);
  const before = expectedFor(host, options);
  let [best, left, promised] = [full, serving, outlook(full)];
  for (const nic of forWorkers) {
    const of = (rows: readonly Expected[]) => rows.filter((each) => each.nic === nic.name);
    const asFound = leaveAsFound(left, nic);
    const plan = planWith(host, scope, asFound, options);
    const figures = outlook(plan);
    const known = of(promised).every(({ now }) => now !== null);
    const futile = known && isAsGood(of(before), of(promised));
    const more = plan.changes.length - best.changes.length;
    if (isDeepStrictEqual(plan.changes, best.changes) || !isAsGood(figures, promised)) continue;
    if (more < 0 || (more === 0 && futile)) [best, left, promised] = [plan, asFound, figures];
  }
  return best;
}

/** As local and as balanced everywhere? Unknown is not as good as any known figure. */
function isAsGood(these: readonly Expected[], those: readonly Expected[]): boolean {
  const atLeast = (one: number | null, other: number | null) =>
    other === null || (one !== null && one >= other - 1e-9);
  const idle = ({ busiest }: Expected) => (busiest === null ? null : 1 - busiest);
  return those.every((each) => {
    const own = these.find(({ group, nic }) => group === each.group && nic === each.nic);
    return own !== undefined && atLeast(own.now, each.now) && atLeast(idle(own), idle(each));
  });
}

function planWith(
  host: Host,
  { nics, groups, refused }: Scope,
  assignment: Assignment,
  options: PlanOptions,
): Plan {
  const ids = new Set(groups.map(({ id }) => id));
  const start = { before: host, host, nics, groups: ids, assignment, spreads: new Map(), options };
  const first = run(FIRST, start);
  const spreads = spreadAll(host, first.context.host, first.context.nics, assignment, options);
  const rest = run(
    KINDS.filter((kind) => !FIRST.includes(kind)),
    { ...first.context, spreads },
  );
  return {
    changes: [...first.plan.changes, ...rest.plan.changes],
    refused: [...refused, ...first.plan.refused, ...rest.plan.refused],
    notes: [...new Set([...first.plan.notes, ...rest.plan.notes])],
  };
}

function run(
  kinds: readonly PlannedKind[],
  start: PlanContext,
): { readonly plan: Plan; readonly context: PlanContext } {
  const names = new Set(start.nics.map(({ name }) => name));
  const all: Plan[] = [];
  let context = start;
  for (const kind of kinds) {
    if (!mayChange(start.options, kind)) continue;
    const { changes = [], refused = [], notes = [] } = PLANNERS[kind](context);
    all.push({ changes, refused, notes });
    if (changes.length === 0) continue;
    const host = applied(context.host, { changes });
    context = { ...context, host, nics: host.nics.filter(({ name }) => names.has(name)) };
  }
  const plan = {
    changes: all.flatMap(({ changes }) => changes),
    refused: all.flatMap(({ refused }) => refused),
    notes: all.flatMap(({ notes }) => notes),
  };
  return { plan, context };
}

/** What a plan is for: without the standby of a bond and other quiet NICs, unless they are named. */
export function expectedFor(host: Host, options: PlanOptions): readonly Expected[] {
  const { nics, groups } = scopeOf(host, options);
  const expected = expectedLocality({ ...host, nics: options.ifaces.length > 0 ? nics : host.nics, groups });
  const named = new Set(options.ifaces);
  const unused = [...unusedNics({ host, paths: [], expected })].filter((name) => !named.has(name));
  const ofGroup = Map.groupBy(expected, ({ group }) => group);
  const used = new Set([...ofGroup.values()].flatMap((each) => inUse(each, new Set(unused))));
  return expected.filter((each) => used.has(each));
}

interface Scope {
  /** NICs that were named, and the lower devices of those. */
  readonly nics: readonly Nic[];
  readonly groups: readonly Group[];
  readonly refused: readonly Refused[];
}

function scopeOf(host: Host, options: PlanOptions): Scope {
  const named = host.nics.filter(({ name }) => options.ifaces.includes(name));
  const below = new Set(named.flatMap(({ name, lowerDevices }) => [name, ...lowerDevices]));
  const all = new Set(receivingNics(host));
  const tunable = (nic: Nic) =>
    all.has(nic) || (nic.lowerDevices.length === 0 && (maxRxQueues(nic) ?? 1) > nic.rxQueues.length);
  const nics = host.nics.filter((nic) => below.has(nic.name) && tunable(nic));
  const lacking = named
    .filter((nic) => nic.name !== 'lo' && nic.lowerDevices.length === 0 && !tunable(nic))
    .map((nic) => ({
      subject: nic.name,
      why: `It has one queue, and ${substitute(nic)?.why ?? 'no IRQ of it is known'}.`,
    }));
  const unknown = nics.flatMap(({ name, rxQueues, irqs }) =>
    rxQueues.length > 0
      ? []
      : [
          {
            subject: name,
            why:
              irqs.length > 0
                ? 'It is not known which of its interrupts serves which queue (`inspect` says why), so nothing of it is planned.'
                : 'None of its queues is known, so nothing of it is planned.',
          },
        ],
  );
  const wanted = new Set(options.ports);
  const groups = host.groups.filter(
    ({ port, protocol }) => protocol === options.protocol && wanted.has(port),
  );
  const found = new Set(groups.map(({ port }) => port));
  const missing = options.ports
    .filter((port) => !found.has(port))
    .map((port) => noGroup(host, port, options));
  const single = groups
    .filter(({ size }) => size < 2)
    .map(({ id }) => ({
      subject: id,
      why: 'The group has one socket, which gets every packet: no program and no placement of queues changes that.',
    }));
  return { nics, groups, refused: [...lacking, ...unknown, ...missing, ...single] };
}

function noGroup({ lone, groups }: Host, port: number, { protocol }: PlanOptions): Refused {
  const other = groups.find((group) => group.port === port);
  const instead = protocol === 'udp' ? 'leave out `--udp`' : 'add `--udp`';
  const single = lone.find((socket) => socket.port === port && socket.protocol === protocol);
  return {
    subject: `${protocol} port ${port}`,
    why:
      single === undefined
        ? `There is no reuseport group on this port${other === undefined ? '' : `, but ${other.id} is one: ${instead}`}.`
        : 'All its workers share one socket without SO_REUSEPORT: give each worker its own (nginx: `listen … reuseport`).',
  };
}
