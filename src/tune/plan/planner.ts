/** What each kind's file gets and gives: the machine as the plan has made it so far, and what is to change next. */
import type { Host, Nic } from '../../host/types.ts';
import type { Plan, PlanOptions } from '../types.ts';
import type { Assignment } from './assignment.ts';
import type { Spread } from './spread.ts';

export interface PlanContext {
  /** As it is before anything is changed. */
  readonly before: Host;
  /** With the changes of earlier steps made. */
  readonly host: Host;
  /** Of `host`: those that may be changed. */
  readonly nics: readonly Nic[];
  /** Of groups that are to be served. */
  readonly groups: ReadonlySet<string>;
  readonly assignment: Assignment;
  /** By NIC; none before the channels are decided. */
  readonly spreads: ReadonlyMap<string, Spread>;
  readonly options: PlanOptions;
}

export type KindPlanner = (context: PlanContext) => Partial<Plan>;

/** Drivers set affinities, XPS and tables anew when channels change: then what is right now has to be said again. */
export function changesChannels({ before }: PlanContext, nic: Nic): boolean {
  const former = before.nics.find(({ name }) => name === nic.name);
  return JSON.stringify(former?.channels) !== JSON.stringify(nic.channels);
}
