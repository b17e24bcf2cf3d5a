/**
 * The rounds of an experiment. Whatever ends it, everything is afterwards as it was before: by `finally`, or by a child if
 * this process is killed.
 */
import type { Group } from '../host/types.ts';
import { pause } from '../measure/pause.ts';
import { isFailure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { compare, wholeBlocks } from './compare.ts';
import { between, type Counted, type Counters } from './counters.ts';
import type { OwnNumber } from './own-number.ts';
import type { PutBackChild } from './put-back.ts';
import { type Slot, schedule } from './schedule.ts';
import type { Switch } from './switch.ts';
import type { Design, MetricName, Round } from './types.ts';
import { membersOf } from './workers.ts';

/** A worker that needs more of its CPU than this only with the change is overloaded by it. */
const OVERLOADED = 0.95;

export interface Subject {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly groups: readonly Group[];
  /** As membersOf gave them when the groups were read. */
  readonly members: string;
  readonly counters: Counters;
  /** The metric that decides. */
  readonly primary: MetricName;
  /** null: an experiment that changes nothing. */
  readonly change: Switch | null;
  /** `the program`, for sentences. */
  readonly what: string;
  readonly number: OwnNumber | null;
  /** Asked after each round: is there nothing left to find out? */
  readonly isEnough: (rounds: readonly Round[]) => boolean;
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
  readonly rounds: readonly Round[];
  /** Why it ended early; null: it did not. */
  readonly stopped: string | null;
  /** On what could not be put back, because it no longer exists. */
  readonly notes: readonly string[];
}

/** Throws Failure no-guard, not-put-back. */
export async function experiment(
  subject: Subject,
  design: Design,
  signal: AbortSignal,
  onRound: (state: Running) => void,
): Promise<Experiment> {
  const { change, counters } = subject;
  const slots = schedule(design, change?.before ?? null);
  let guard: PutBackChild | null = null;
  const rounds: Round[] = [];
  const notes: string[] = [];
  let stopped: string | null = null;
  try {
    if (change !== null) guard = await change.guard();
    onRound(running(slots, rounds, design, subject.primary));
    const whyStop = async (): Promise<string | null> => {
      if (signal.aborted) return 'it was interrupted';
      if ((await membersOf(subject)) !== subject.members)
        return 'the sockets or workers of the group changed';
      if (guard?.isAlive() === false) return 'the process that would put everything back has ended';
      return null;
    };
    for (const slot of slots) {
      stopped = await whyStop();
      if (stopped !== null) break;
      if (slot.change && change !== null) {
        stopped = await switchTo(change, slot);
        if (stopped !== null) break;
      }
      await pause(design.warm, signal);
      const first = await counters.read();
      const answer = subject.number?.begin(design.round, signal);
      await pause(design.round, signal);
      const last = await counters.read();
      const number = (await answer?.()) ?? null;
      stopped = await whyStop();
      if (stopped !== null) break;
      const { round, hottest } = roundOf(slot, first, last, number);
      rounds.push(round);
      stopped = harmIn(rounds, hottest, subject.what);
      if (stopped !== null) break;
      onRound(running(slots, rounds, design, subject.primary));
      if (subject.isEnough(rounds)) break;
    }
  } finally {
    // If this throws, the child tries again as soon as this process has ended.
    if (change !== null) notes.push(...(await change.putBack()));
    await guard?.dismiss();
  }
  return { rounds, stopped, notes };
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

function roundOf({ block, arm, measured }: Slot, first: Counted, last: Counted, number: number | null) {
  const { seconds, connections, values: counted, hottest } = between(first, last);
  const values = { ...counted, number };
  const round: Round = { block, arm, at: measured, seconds, connections: connections ?? 0, values };
  return { round, hottest };
}

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
  slots: readonly Slot[],
  rounds: readonly Round[],
  { round, warm, blocks }: Design,
  primary: MetricName,
): Running {
  const metric = compare(rounds, '')[primary];
  return {
    rounds: rounds.length,
    of: slots.length,
    blocks: wholeBlocks(rounds).length,
    ofBlocks: blocks,
    secondsLeft: (slots.length - rounds.length) * (round + warm),
    spread: metric?.scale === 'ratio' ? metric.sd : null,
  };
}
