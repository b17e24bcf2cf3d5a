/** What `prove` switches: every check before it, and then the switch. */

import type { Group } from '../host/types.ts';
import { type Held, heldPrograms } from '../prove/held-programs.ts';
import { planSwitch } from '../prove/plan-switch.ts';
import { programSwitch, type SwitchedProgram } from '../prove/program-switch.ts';
import { handlesOf } from '../prove/restore-program.ts';
import type { Switch } from '../prove/switch.ts';
import { membersOf } from '../prove/workers.ts';
import type { Attached, AttachOptions } from '../steer/attach.ts';
import type { GroupChoice } from '../steer/select.ts';
import { failure, isFailure } from '../system/errors.ts';
import { portOf } from '../tune/settings/program.ts';
import { openToggle, requireSwitchable } from '../tune/toggle.ts';
import type { Change, Plan } from '../tune/types.ts';
import { count } from '../words/phrase.ts';
import { accessTo, type LiveMachine, type Progress } from './machine.ts';
import { checkAttachTo, detachFrom, theGroup, theGroups } from './steer.ts';

export type Asked =
  | { readonly kind: 'program'; readonly program: AttachOptions['program'] }
  | { readonly kind: 'plan'; readonly plan: Plan };

export interface Prepared {
  /** What is measured. At least one. */
  readonly groups: readonly Group[];
  /** Their sockets and workers when they were read, as membersOf gives them. */
  readonly members: string;
  /** The program's name or file, or `plan`. */
  readonly name: string;
  /** `the program`, `the plan`. */
  readonly what: string;
  /** For the question: `\`cpu\` of tcp 0.0.0.0:8080`. */
  readonly described: string;
  readonly changes: readonly Change[] | null;
  /** Does a program choose by the CPU, so that wakeups must come from elsewhere with it? */
  readonly changesWakeups: boolean;
  readonly warnings: readonly string[];
  /** The caller holds the lock until the experiment has ended. Throws Failure: those of openToggle. */
  open(): Promise<Switch>;
}

export interface Where {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** The id of one of the groups on the port; null: the only one, or with `allGroups` all of them. */
  readonly group: string | null;
  readonly allGroups: boolean;
  readonly machine: AttachOptions['machine'];
  readonly progress: Progress;
}

/**
 * Reads descriptors of other processes, whose owners can make that slow: call it without the lock. Throws Failure:
 * everything of `attach` before its change, not-exact, nothing-to-prove.
 */
export const prepareChange = (machine: LiveMachine, asked: Asked, where: Where): Promise<Prepared> =>
  asked.kind === 'program'
    ? prepareProgram(machine, asked.program, where)
    : preparePlan(machine, asked.plan, where);

async function prepareProgram(
  machine: LiveMachine,
  program: AttachOptions['program'],
  where: Where,
): Promise<Prepared> {
  const options = { ...ATTACH, program, machine: where.machine };
  const all = await checkAttachTo(machine, selectorOf(where), options, where.progress).catch(withOwnHint);
  const groups = await theGroups(machine, selectorOf(where), where.progress);
  const [first] = all;
  if (first === undefined) throw new Error('no group, and no reason');
  const name = first.program.name ?? first.program.file ?? 'program';
  const switched = await Promise.all(
    groups.flatMap((group) => {
      const attached = all.find((each) => each.group === group.id);
      return attached === undefined ? [] : [programOf(machine, group, attached)];
    }),
  );
  return {
    groups,
    members: await membersOf({ ...machine, groups }),
    name,
    what: 'the program',
    described: `\`${name}\` of ${idsOf(groups)}`,
    changes: null,
    changesWakeups: first.trial.slotOfCpu !== null,
    warnings: all.flatMap(({ warnings }) => warnings),
    open: async () => programSwitch(machine, switched),
  };
}

/** `attach` has other options to choose one. */
function withOwnHint(error: unknown): never {
  if (!isFailure(error) || error.code !== 'several-groups') throw error;
  throw failure(error.code, error.message, "choose one with --group 'ID', or use --all-groups");
}

async function programOf(
  { kernel }: LiveMachine,
  group: Group,
  attached: Attached,
): Promise<SwitchedProgram> {
  return {
    handles: await handlesOf(kernel, group),
    original: attached.previous?.instructions ?? null,
    wanted: attached.program.instructions,
    isAttached: attached.attached,
  };
}

/** Of the groups that are switched. */
export const selectorOf = ({
  group,
  port,
  protocol,
  allGroups,
}: Pick<Where, 'port' | 'protocol' | 'group' | 'allGroups'>): GroupChoice =>
  group === null ? { port, protocol, allGroups } : { group, port };

/** For sentences and documents. */
export const idsOf = (groups: readonly Group[]): string => groups.map(({ id }) => id).join(', ');

const ATTACH = { groupSize: null, dryRun: false, force: false } as const;

async function preparePlan(machine: LiveMachine, plan: Plan, where: Where): Promise<Prepared> {
  if (plan.changes.length === 0)
    throw failure(
      'nothing-to-prove',
      'the plan is empty: every setting is as it should be already',
      'to prove what is applied, restore the settings with `locality-tune undo` first',
    );
  requireSwitchable(plan);
  // A plan for a port changes all of its groups.
  const groups = await theGroups(machine, selectorOf({ ...where, allGroups: true }), where.progress);
  const switched = await Promise.all(plan.changes.map((change) => groupOf(machine, change, where)));
  const held = switched.flatMap((each) => each ?? []);
  return {
    groups,
    members: await membersOf({ ...machine, groups }),
    name: 'plan',
    what: 'the plan',
    described: `the plan (${count(plan.changes.length, 'change')})`,
    changes: plan.changes,
    changesWakeups: held.some(
      (each) =>
        groups.some(({ id }) => id === each.group.id) &&
        each.attached !== null &&
        each.attached.trial.slotOfCpu !== null,
    ),
    warnings: held.flatMap(({ attached }) => attached?.warnings ?? []),
    open: async () => {
      const access = { ...accessTo(machine), programs: heldPrograms(machine, held) };
      return planSwitch(machine, await openToggle(access, plan, machine), held);
    },
  };
}

/** The group whose program a change switches, with the program that it has now; null: it changes none. */
async function groupOf(
  machine: LiveMachine,
  { target }: Change,
  { machine: attachMachine, progress }: Where,
): Promise<(Held & { readonly attached: Attached | null }) | null> {
  if (target.kind !== 'program') return null;
  const { group: id, instructions } = target;
  const selector = { group: id, port: portOf(id) };
  const group = await theGroup(machine, selector, progress);
  const handles = await handlesOf(machine.kernel, group);
  const own = (program: Group['program']): Group => ({
    ...group,
    selection: program === null ? 'hash' : 'cbpf',
    program,
  });
  if (instructions === null) {
    const [detached] = await detachFrom(machine, selector, { force: false, dryRun: true }, progress);
    return { group: own(detached?.previous ?? null), handles, attached: null };
  }
  const program = { name: null, file: 'the plan', instructions } as const;
  const options = { ...ATTACH, program, machine: attachMachine };
  const [attached] = await checkAttachTo(machine, selector, options, progress);
  return { group: own(attached?.previous ?? null), handles, attached: attached ?? null };
}
