/** Carries out a plan on this machine, with a journal to take it back. */
import { type Applied, applyPlan } from '../tune/apply.ts';
import type { Plan } from '../tune/types.ts';
import { accessTo, type LiveMachine } from './machine.ts';

/** Throws Failure: everything of applyPlan. @param signal ends it after the current change, and takes all of it back */
export function apply(machine: LiveMachine, plan: Plan, signal: AbortSignal): Promise<Applied> {
  const { state, netns } = machine;
  return applyPlan(accessTo(machine), plan, { state, netns, signal });
}
