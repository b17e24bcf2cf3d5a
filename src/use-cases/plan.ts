/** A plan for a machine: the changes, their expected effect, and what could not be undone. */
import type { HostOptions } from '../host/host.ts';
import type { Expected } from '../path/types.ts';
import type { View } from '../path/view.ts';
import { failure } from '../system/errors.ts';
import { applied } from '../tune/applied.ts';
import { journalsInForce } from '../tune/journal-list.ts';
import { notRestorable } from '../tune/not-restorable.ts';
import { withStartTimes } from '../tune/plan/start-times.ts';
import { expectedFor, planTuning } from '../tune/plan.ts';
import type { Plan, PlanOptions } from '../tune/types.ts';
import type { LiveMachine } from './machine.ts';

export interface Planned {
  readonly view: View;
  readonly plan: Plan;
  readonly expected: { readonly before: readonly Expected[]; readonly after: readonly Expected[] };
}

/** What to read of a machine before it is planned: the slots and workers of one port, or no groups in detail. */
export function scopeOf({ ifaces, ports }: PlanOptions): Omit<HostOptions, 'sampleSeconds'> {
  const [port = null, ...others] = ports;
  return { ifaces, port: others.length > 0 ? null : port, slots: port !== null };
}

/** @param machine null: the view is of a captured machine, on which nothing was applied and no process runs */
export function planFor(view: View, options: PlanOptions, machine: LiveMachine | null): Planned {
  const inForce = machine === null ? { journals: [], notes: [] } : journalsInForce(machine);
  const planned = planTuning(view, options, inForce.journals);
  const plan = machine === null ? planned : withStartTimes(planned, machine.files);
  const expected = {
    before: expectedFor(view.host, options),
    after: expectedFor(applied(view.host, plan), options),
  };
  const notes = [...inForce.notes, ...plan.notes, ...notRestorable(plan)];
  return { view, plan: { ...plan, notes }, expected };
}

/** Throws Failure nothing-to-tune if nothing that the options name exists; says what does. */
export function requireSubject(
  { view: { host }, plan }: Planned,
  { ifaces, ports, protocol }: PlanOptions,
): void {
  const onPort = (socket: { readonly port: number; readonly protocol: string }) =>
    socket.protocol === protocol && ports.includes(socket.port);
  if (ifaces.length > 0 || host.groups.some(onPort)) return;
  const why = plan.refused.map(({ subject, why }) => `${subject}: ${why}`).join(' ');
  throw failure(
    'nothing-to-tune',
    `nothing to tune. ${why}`.trimEnd().replace(/\.$/, ''),
    'see `locality-tune inspect` for what is on this machine; UDP needs --udp',
  );
}
