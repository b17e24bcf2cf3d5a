/**
 * The rounds of an experiment. Whatever ends it, the group has the program afterwards that it had before: by `finally`, or
 * by a child if this process is killed.
 */
import type { Instruction } from '../cbpf/instruction.ts';
import type { Group } from '../host/types.ts';
import { pause } from '../measure/pause.ts';
import { identify, type Member } from '../steer/member.ts';
import { setGroupProgram } from '../steer/set-program.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { compare } from './compare.ts';
import { between, type Counted, type Counters } from './counters.ts';
import { type PutBackChild, startPutBack } from './put-back.ts';
import { type Slot, schedule } from './schedule.ts';
import type { Arm, Design, Round } from './types.ts';
import { membersOf } from './workers.ts';

/** A worker that needs more of its CPU than this only with the program is overloaded by it. */
const OVERLOADED = 0.95;

export interface Subject {
  readonly files: Files;
  readonly kernel: Kernel;
  readonly group: Group;
  /** Through which the program is changed. */
  readonly member: Member;
  /** What the group has before and afterwards; null: no program. */
  readonly original: readonly Instruction[] | null;
  /** What it has with the change; null: an experiment that changes nothing. */
  readonly wanted: readonly Instruction[] | null;
  /** Is the wanted program the original one? */
  readonly isAttached: boolean;
  readonly counters: Counters;
  /** The group as it is now. Throws Failure no-such-group. */
  readonly findAgain: () => Promise<Group>;
}

/** What may be shown while it runs: how much blocks differ, never in which direction. */
export interface Running {
  readonly rounds: number;
  readonly of: number;
  readonly secondsLeft: number;
  /** Standard deviation of the blocks' differences, as a share; null if there are too few. */
  readonly spread: number | null;
}

/** `stopped`: why it ended early; null: it did not. Throws Failure no-guard, not-put-back, those of setGroupProgram. */
export async function experiment(
  subject: Subject,
  design: Design,
  signal: AbortSignal,
  onRound: (state: Running) => void,
): Promise<{ readonly rounds: readonly Round[]; readonly stopped: string | null }> {
  const { member, original, wanted, isAttached, counters } = subject;
  const before: Arm | null = original === null ? 'off' : isAttached ? 'on' : null;
  const slots = schedule(design, before);
  const guard: PutBackChild | null = wanted === null ? null : await startPutBack(member, original);
  const rounds: Round[] = [];
  let stopped: string | null = null;
  let isOriginal = true;
  try {
    const members = await membersOf(subject);
    const whyStop = async (): Promise<string | null> => {
      if (signal.aborted) return 'it was interrupted';
      if ((await membersOf(subject)) !== members) return 'the sockets or workers of the group changed';
      if (guard?.isAlive() === false) return 'the process that would put the program back has ended';
      return null;
    };
    for (const slot of slots) {
      stopped = await whyStop();
      if (stopped !== null) break;
      if (slot.change && wanted !== null) {
        isOriginal = false;
        await setGroupProgram(member, slot.arm === 'on' ? wanted : null);
      }
      await pause(design.warm, signal);
      const first = await counters.read();
      await pause(design.round, signal);
      const last = await counters.read();
      stopped = await whyStop();
      if (stopped !== null) break;
      const { round, hottest } = roundOf(slot, first, last);
      rounds.push(round);
      stopped = harmIn(rounds, hottest);
      if (stopped !== null) break;
      onRound(running(slots, rounds, design));
    }
  } finally {
    if (!isOriginal) await putBack(subject);
    await guard?.dismiss();
  }
  return { rounds, stopped };
}

function roundOf({ block, arm, measured }: Slot, first: Counted, last: Counted) {
  const { seconds, connections, values, hottest } = between(first, last);
  const round: Round = { block, arm, at: measured, seconds, connections: connections ?? 0, values };
  return { round, hottest };
}

/** Only what the program does to the server; an experiment that ends for this proves nothing. */
function harmIn(rounds: readonly Round[], hottest: number): string | null {
  const last = rounds.at(-1);
  const off = rounds.filter(({ arm }) => arm === 'off');
  if (last?.arm !== 'on' || off.length === 0) return null;
  if ((last.values.drops ?? 0) > 0 && off.every(({ values }) => values.drops === 0))
    return 'the sockets of the group dropped packets with the program, and none without it';
  const share = (round: Round) => round.values['busiest-worker'] ?? 0;
  if (hottest > OVERLOADED && off.every((round) => share(round) < share(last) / 1.2))
    return `one worker needs more than ${100 * OVERLOADED} % of a CPU with the program, because it gets a larger share`;
  return null;
}

function running(slots: readonly Slot[], rounds: readonly Round[], { round, warm }: Design): Running {
  return {
    rounds: rounds.length,
    of: slots.length,
    secondsLeft: (slots.length - rounds.length) * (round + warm),
    spread: compare(rounds, '')['worker-cpu']?.sd ?? null,
  };
}

/** Throws Failure not-put-back. */
async function putBack(subject: Subject): Promise<void> {
  const { group, member, original } = subject;
  try {
    await setGroupProgram(member, original);
  } catch (error) {
    if (await putBackByAnother(subject)) return;
    const why = isFailure(error) ? error.message : String(error);
    throw failure(
      'not-put-back',
      `the program that ${group.id} had before could not be put back: ${why}`,
      `\`locality-tune inspect --port ${group.port}\` shows the program, \`detach\` takes it off`,
    );
  }
}

/** The process of the member may have ended; any other one does as well. A group that is gone has no program. */
async function putBackByAnother({ kernel, group, original, findAgain }: Subject): Promise<boolean> {
  const inodes = new Set(group.sockets.map(({ inode }) => inode));
  try {
    const left = (await findAgain()).sockets.filter(({ inode }) => inodes.has(inode));
    if (left.length === 0) return true;
    for (const { pid, fd } of left.flatMap(({ holders }) => holders)) {
      const other = await identify(kernel, pid, fd);
      if (!inodes.has(other.inode)) continue;
      await setGroupProgram(other, original);
      return true;
    }
    return false;
  } catch (error) {
    return isFailure(error) && error.code === 'no-such-group';
  }
}
