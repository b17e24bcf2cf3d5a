/**
 * The rounds of an experiment, in one phase or several. Whatever ends it, everything is afterwards as it was before: by
 * `finally`, or by a child if this process is killed.
 */
import type { Group } from '../host/types.ts';
import { pause } from '../measure/pause.ts';
import { isFailure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { compare, wholeBlocks } from './compare.ts';
import type { Measured, Measuring } from './measuring.ts';
import type { PutBackChild } from './put-back.ts';
import { lengthOf, ROUNDS_IN_BLOCK, type Slot, schedule } from './schedule.ts';
import type { Switch } from './switch.ts';
import type { Arm, Design, MetricName, Round } from './types.ts';
import { membersOf } from './workers.ts';

/** A worker that needs more of its CPU than this only with the change is overloaded by it. */
const OVERLOADED = 0.95;

export interface Subject {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly groups: readonly Group[];
  /** As membersOf gave them when the groups were read. */
  readonly members: string;
  /** The metric that decides. */
  readonly primary: MetricName;
  /** null: an experiment that changes nothing. */
  readonly change: Switch | null;
  /** `the program`, for sentences. */
  readonly what: string;
}

/** Rounds that are measured in the same way, and judged together. */
export interface Phase {
  readonly design: Design;
  /** Called before its first round. */
  begin(): Promise<Measuring>;
  /** Asked before each round: is there nothing left to find out? @param rounds of all phases */
  isEnough(rounds: readonly (readonly Round[])[]): boolean;
}

/** What may be shown while it runs: how much blocks differ, never in which direction. */
export interface Running {
  readonly rounds: number;
  readonly of: number;
  readonly blocks: number;
  readonly ofBlocks: number;
  readonly secondsLeft: number;
  /** Standard deviation of the blocks' differences, as a share; null if there are too few. */
  readonly spread: number | null;
}

export interface Experiment {
  /** Of each phase. */
  readonly rounds: readonly (readonly Round[])[];
  /** Why it ended early; null: it did not. */
  readonly stopped: string | null;
  /** On what could not be put back, because it no longer exists. */
  readonly notes: readonly string[];
}

/** @param phases at least one; the first decides. Throws Failure no-guard, not-put-back. */
export async function experiment(
  subject: Subject,
  phases: readonly Phase[],
  signal: AbortSignal,
  onRound: (state: Running) => void,
): Promise<Experiment> {
  const { change } = subject;
  let guard: PutBackChild | null = null;
  const done: Round[][] = phases.map(() => []);
  const notes: string[] = [];
  let stopped: string | null = null;
  const whyStop = async (): Promise<string | null> => {
    if (signal.aborted) return 'it was interrupted';
    if ((await membersOf(subject)) !== subject.members) return 'the sockets or workers of the group changed';
    if (guard?.isAlive() === false) return 'the process that would put everything back has ended';
    return null;
  };
  try {
    if (change !== null) guard = await change.guard();
    let arm = change?.before ?? null;
    for (const [at, phase] of phases.entries()) {
      if (phase.isEnough(done)) break;
      const rounds = done[at] ?? [];
      const next = () => onRound(running(phases, done, at, subject.primary));
      const isEnough = () => phase.isEnough(done);
      next();
      ({ stopped, arm } = await runPhase(subject, phase, { rounds, arm, whyStop, next, isEnough }, signal));
      if (stopped !== null) break;
    }
  } finally {
    // If this throws, the child tries again as soon as this process has ended.
    if (change !== null) notes.push(...(await change.putBack()));
    await guard?.dismiss();
  }
  return { rounds: done, stopped, notes };
}

interface PhaseState {
  /** Filled here. */
  readonly rounds: Round[];
  /** What the machine is in now. */
  readonly arm: Arm | null;
  whyStop(): Promise<string | null>;
  /** Called after each round. */
  next(): void;
  isEnough(): boolean;
}

async function runPhase(
  { change, what }: Subject,
  { design, begin }: Phase,
  { rounds, arm: before, whyStop, next, isEnough }: PhaseState,
  signal: AbortSignal,
): Promise<{ readonly stopped: string | null; readonly arm: Arm | null }> {
  let arm = before;
  const measuring = await begin();
  try {
    for (const slot of schedule(design, before)) {
      let stopped = await whyStop();
      if (stopped === null && slot.change && change !== null) stopped = await switchTo(change, slot);
      if (stopped !== null) return { stopped, arm };
      arm = slot.arm;
      await pause(design.warm, signal);
      const measured = await measuring.round(design.round, signal);
      stopped = await whyStop();
      if (stopped !== null) return { stopped, arm };
      rounds.push(roundOf(slot, measured));
      stopped = harmIn(rounds, measured.hottest, what);
      if (stopped !== null) return { stopped, arm };
      next();
      if (isEnough()) break;
    }
  } finally {
    await measuring.end();
  }
  return { stopped: null, arm };
}

/** Why it could not; null: it did. */
async function switchTo(change: Switch, { arm }: Slot): Promise<string | null> {
  try {
    await change.to(arm);
    return null;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return `the change could not be switched ${arm}: ${error.message}`;
  }
}

const roundOf = ({ block, arm, measured }: Slot, { seconds, connections, values }: Measured): Round => ({
  block,
  arm,
  at: measured,
  seconds,
  connections: connections ?? 0,
  values,
});

/** Only what the change does to the server; an experiment that ends for this proves nothing. */
function harmIn(rounds: readonly Round[], hottest: number, what: string): string | null {
  const last = rounds.at(-1);
  const off = rounds.filter(({ arm }) => arm === 'off');
  if (last?.arm !== 'on' || off.length === 0) return null;
  if ((last.values.drops ?? 0) > 0 && off.every(({ values }) => values.drops === 0))
    return `the sockets of the group dropped packets with ${what}, and none without it`;
  const share = (round: Round) => round.values['busiest-worker'] ?? 0;
  if (hottest > OVERLOADED && off.every((round) => share(round) < share(last) / 1.2))
    return `one worker needs more than ${100 * OVERLOADED} % of a CPU with ${what}, because it gets a larger share`;
  return null;
}

function running(
  phases: readonly Phase[],
  done: readonly (readonly Round[])[],
  at: number,
  primary: MetricName,
): Running {
  const [deciding = []] = done;
  const metric = compare(deciding, '')[primary];
  const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);
  // Of a phase that has ended, no round is left, even if it ended early.
  const left = phases.map(({ design }, phase) =>
    phase < at ? 0 : lengthOf(design) - (done[phase]?.length ?? 0) * (design.round + design.warm),
  );
  const ofBlocks = sum(phases.map(({ design }) => design.blocks));
  return {
    rounds: sum(done.map(({ length }) => length)),
    of: ROUNDS_IN_BLOCK * ofBlocks,
    blocks: sum(done.map((rounds) => wholeBlocks(rounds).length)),
    ofBlocks,
    secondsLeft: sum(left),
    spread: metric?.scale === 'ratio' ? metric.sd : null,
  };
}
