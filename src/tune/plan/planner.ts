/** The input and output of each kind's planner: the machine after the plan so far, and the next changes. */
import type { Host, Nic } from '../../host/types.ts';
import type { Plan, PlanOptions } from '../types.ts';
import type { Assignment } from './assignment.ts';
import type { Spread } from './spread.ts';

export interface PlanContext {
  /** The machine before any change. */
  readonly before: Host;
  /** The machine after the changes of earlier steps. */
  readonly host: Host;
  /** NICs of `host` that may be changed. */
  readonly nics: readonly Nic[];
  /** The groups to serve. */
  readonly groups: ReadonlySet<string>;
  readonly assignment: Assignment;
  /** By NIC; empty before the channels are decided. */
  readonly spreads: ReadonlyMap<string, Spread>;
  readonly options: PlanOptions;
}

export type KindPlanner = (context: PlanContext) => Partial<Plan>;

/** Then interrupts may get other numbers. */
export function changesChannels({ before }: PlanContext, nic: Nic): boolean {
  const former = before.nics.find(({ name }) => name === nic.name);
  return JSON.stringify(former?.channels) !== JSON.stringify(nic.channels);
}

/**
 * Drivers reset affinities, XPS and tables when channels change, so settings that are right now are set again. Fewer
 * channels come alone: most settings stay, and `apply` puts back what the driver reset.
 */
export function growsChannels({ before }: PlanContext, nic: Nic): boolean {
  const former = before.nics.find(({ name }) => name === nic.name);
  return (
    nic.rxQueues.length > (former?.rxQueues.length ?? 0) ||
    nic.txQueues.length > (former?.txQueues.length ?? 0)
  );
}
