/** What `prove` switches: every check before it, and then the switch. */

import type { Group } from '../host/types.ts';
import { type Held, heldPrograms } from '../prove/held-programs.ts';
import { planSwitch } from '../prove/plan-switch.ts';
import { programSwitch } from '../prove/program-switch.ts';
import { handlesOf } from '../prove/restore-program.ts';
import type { Switch } from '../prove/switch.ts';
import type { Attached, AttachOptions } from '../steer/attach.ts';
import { failure } from '../system/errors.ts';
import { openToggle, requireSwitchable } from '../tune/toggle.ts';
import type { Change, Plan } from '../tune/types.ts';
import { count } from '../words/phrase.ts';
import { accessTo, type LiveMachine, type Progress } from './machine.ts';
import { checkAttachTo, detachFrom, theGroup } from './steer.ts';

export type Asked =
  | { readonly kind: 'program'; readonly program: AttachOptions['program'] }
  | { readonly kind: 'plan'; readonly plan: Plan };

export interface Prepared {
  /** Of the port: what is measured. */
  readonly group: Group;
  /** The program's name or file, or `plan`. */
  readonly name: string;
  /** `the program`, `the plan`. */
  readonly what: string;
  /** For the question: `cpu of tcp 0.0.0.0:8080`. */
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
  readonly machine: AttachOptions['machine'];
  readonly progress: Progress;
}

/** Throws Failure: everything of `attach` before its change, not-exact, nothing-to-prove. */
export const prepareChange = (machine: LiveMachine, asked: Asked, where: Where): Promise<Prepared> =>
  asked.kind === 'program'
    ? prepareProgram(machine, asked.program, where)
    : preparePlan(machine, asked.plan, where);

async function prepareProgram(
  machine: LiveMachine,
  program: AttachOptions['program'],
  { port, protocol, machine: attachMachine, progress }: Where,
): Promise<Prepared> {
  const selector = { port, protocol, allGroups: false };
  const options = { ...ATTACH, program, machine: attachMachine };
  const [attached] = await checkAttachTo(machine, selector, options, progress);
  if (attached === undefined) throw new Error('no group, and no reason');
  const group = await theGroup(machine, { group: attached.group, port }, progress);
  const name = attached.program.name ?? attached.program.file ?? 'program';
  return {
    group,
    name,
    what: 'the program',
    described: `\`${name}\` of ${group.id}`,
    changes: null,
    changesWakeups: attached.trial.slotOfCpu !== null,
    warnings: attached.warnings,
    open: async () =>
      programSwitch(machine, {
        handles: await handlesOf(machine.kernel, group),
        original: attached.previous?.instructions ?? null,
        wanted: attached.program.instructions,
        isAttached: attached.attached,
      }),
  };
}

const ATTACH = { groupSize: null, dryRun: false, force: false } as const;

async function preparePlan(machine: LiveMachine, plan: Plan, where: Where): Promise<Prepared> {
  if (plan.changes.length === 0)
    throw failure(
      'nothing-to-prove',
      'the plan is empty: every setting is as it should be already',
      'to prove what is applied, restore the settings with `locality-tune undo` first',
    );
  requireSwitchable(plan);
  const { port, protocol, progress } = where;
  const group = await theGroup(machine, { port, protocol, allGroups: false }, progress);
  const groups = await Promise.all(plan.changes.map((change) => groupOf(machine, change, where)));
  const held = groups.flatMap((each) => each ?? []);
  return {
    group,
    name: 'plan',
    what: 'the plan',
    described: `the plan (${count(plan.changes.length, 'change')})`,
    changes: plan.changes,
    changesWakeups: held.some(
      (each) =>
        each.group.id === group.id && each.attached !== null && each.attached.trial.slotOfCpu !== null,
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
  const port = Number(/:(\d+)(?: group \d+)?$/.exec(id)?.[1]);
  const selector = { group: id, port };
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
