/** Applies a plan on this machine, with a journal for undo. */
import { type Applied, applyPlan } from '../tune/apply.ts';
import type { Plan } from '../tune/types.ts';
import { accessTo, type LiveMachine } from './machine.ts';

/** Throws Failure: everything of applyPlan. @param signal ends it after the current change, and restores everything */
export function apply(machine: LiveMachine, plan: Plan, signal: AbortSignal): Promise<Applied> {
  const { state, netns, by } = machine;
  // What an XDP program needs besides is of no use without it.
  const whole = plan.changes.some(({ kind }) => kind === 'xdp') ? { whole: true as const } : {};
  return applyPlan(accessTo(machine), plan, { state, netns, by, signal, ...whole });
}
