/**
 * Does a change pay on this server, under its own traffic? Switches it on and off in random order, counts what the workers
 * need for a connection, and brings back what was there before.
 */
import { pause } from '../measure/pause.ts';
import { wholeBlocks } from '../prove/compare.ts';
import { between, type Counters, openCounters } from '../prove/counters.ts';
import { experiment, type Running } from '../prove/experiment.ts';
import { isLook } from '../prove/looks.ts';
import { type NumberSource, type OwnNumber, ownNumber } from '../prove/own-number.ts';
import { forgetRunning, noteRunning } from '../prove/running.ts';
import { lengthOf, warmUp } from '../prove/schedule.ts';
import { mean } from '../prove/statistics.ts';
import type { Design, MetricName, Per, Round } from '../prove/types.ts';
import { isClear, type Judged, judge, LEAST_CONNECTIONS, tooLittle } from '../prove/verdict.ts';
import type { AttachOptions } from '../steer/attach.ts';
import { failure } from '../system/errors.ts';
import { connectionsTo } from '../system/kernel.ts';
import { takeLock } from '../tune/lock.ts';
import { lockIfUnchanged } from '../tune/prepared-lock.ts';
import type { Change } from '../tune/types.ts';
import { duration } from '../words/duration.ts';
import type { LiveMachine, Progress } from './machine.ts';
import { type Asked, idsOf, type Prepared, prepareChange } from './prove-change.ts';

/** Seconds during which traffic is looked at before anything is changed. */
const LOOK_SECONDS = 5;
/** A longer wait in every round would make an experiment of hours. */
const LONGEST_WARM_UP = 60;

export interface ProveOptions {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** The id of one of the groups on the port; null: the only one, or with `allGroups` all of them. */
  readonly group: string | null;
  readonly allGroups: boolean;
  /** What costs are divided by. */
  readonly per: Per;
  readonly change: Asked;
  readonly machine: AttachOptions['machine'];
  /** Of the whole experiment; a multiple of three with `untilClear`. */
  readonly blocks: number;
  /** End after a third or two thirds of the blocks if these are clear. */
  readonly untilClear: boolean;
  /** The metric that decides. */
  readonly primary: MetricName;
  /** For each round; null: none. */
  readonly number: NumberSource | null;
  /** Of that number. */
  readonly better: 'lower' | 'higher';
  /** Measured seconds of a round. */
  readonly round: number;
  /** As a share. */
  readonly margin: number;
  /** Do everything except the change: the verdict must not be a gain or a loss. */
  readonly aa: boolean;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Asked before the first change. @param what `cpu of tcp 0.0.0.0:8080` @param seconds that it takes */
  readonly confirm: (what: string, seconds: number) => Promise<boolean>;
  readonly progress: Progress;
  readonly onRound: (state: Running) => void;
}

export interface Proved extends Judged {
  readonly started: string;
  /** Several are separated by a comma. */
  readonly group: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** The program's name or file, or `plan`. */
  readonly change: string;
  /** Those of the plan; null: only a program. */
  readonly changes: readonly Change[] | null;
  readonly aa: boolean;
  readonly design: Design;
  readonly primary: MetricName;
  /** Of `number`, if it decides. */
  readonly better: 'lower' | 'higher';
  readonly per: Per;
  readonly margin: number;
  readonly rounds: readonly Round[];
}

/**
 * Holds the lock only while it switches: what is read before touches descriptors of other processes, and asks the user.
 * Throws Failure: busy, changed (while that was read), those of prepareChange and its `open`, no-number, not-measured,
 * long-lived, no-guard, refused (by the user), not-put-back.
 */
export async function prove(machine: LiveMachine, options: ProveOptions): Promise<Proved> {
  const { files, kernel, state } = machine;
  // Who has it now is told at once.
  takeLock(state, files)();
  const lock = lockIfUnchanged(files, state);
  const prepared = await prepareChange(machine, options.change, options);
  const { groups } = prepared;
  const { protocol, port, per } = options;
  const cpus = options.machine.online;
  const counters = await openCounters({ files, kernel, groups, protocol, port, cpus, per });
  try {
    return await judged(machine, options, prepared, counters, lock);
  } finally {
    counters.close();
  }
}

async function judged(
  machine: LiveMachine,
  options: ProveOptions,
  prepared: Prepared,
  counters: Counters,
  lock: () => () => void,
): Promise<Proved> {
  const { blocks, round, seed, margin, aa, protocol, port, signal, untilClear, primary, better, per } =
    options;
  const { groups, members, name, what, changes, described } = prepared;
  const started = new Date().toISOString();
  const number = options.number === null ? null : ownNumber(options.number);
  const { warm, rate, standing } = await lookAtTraffic(options, counters, number);
  const design: Design = { order: 'random ABBA/BAAB', seed, blocks, round, warm, untilClear };
  const changesWakeups = !aa && prepared.changesWakeups;
  const about = {
    started,
    group: idsOf(groups),
    protocol,
    port,
    change: name,
    changes,
    aa,
    design,
    primary,
    better,
    per,
    margin,
  };
  const judging = {
    design,
    primary,
    better: primary === 'number' ? better : null,
    margin,
    protocol,
    per,
    changesWakeups,
    what,
  };
  const finish = (rounds: readonly Round[], stopped: string | null, lost: readonly string[]): Proved => {
    const { notes, ...result } = judge(rounds, { ...judging, stopped });
    const own = number?.notes() ?? [];
    const all = [...lost, ...notes, ...own, ...counters.notes, ...prepared.warnings];
    return { ...about, ...result, notes: all, rounds };
  };
  // Nobody should wait minutes to hear what is known now.
  if (rate * round < LEAST_CONNECTIONS && primary !== 'number') {
    const kept =
      per === 'connection' && standing > 0
        ? ' If clients keep their connections, count packets: `--per packet`.'
        : '';
    const text = `${tooLittle(Math.floor(rate * round), per, design)}${kept}`;
    return { ...finish([], null, []), verdict: 'too-little-traffic', text, notes: counters.notes };
  }
  if (!(await options.confirm(described, lengthOf(design))))
    throw failure('refused', 'nothing was changed', 'answer y, or use --yes');
  if (signal.aborted) throw failure('interrupted', 'interrupted before anything was changed', 'run it again');
  const { files, kernel } = machine;
  const isEnough = (rounds: readonly Round[]): boolean => {
    // The verdict is known, and nobody should wait for it.
    if (primary !== 'number' && (rounds.at(-1)?.connections ?? 0) < LEAST_CONNECTIONS) return true;
    const done = wholeBlocks(rounds).length;
    if (!untilClear || rounds.length % 4 !== 0 || !isLook(done, blocks)) return false;
    return isClear(judge(rounds, { ...judging, stopped: null }).verdict);
  };
  const note = (state: Running) => {
    noteRunning(machine.state, files, { ...state, group: about.group, change: name });
    options.onRound(state);
  };
  const release = lock();
  try {
    const change = aa ? null : await prepared.open();
    const subject = { files, kernel, groups, members, counters, change, what, primary, number, isEnough };
    const { rounds, stopped, notes } = await experiment(subject, design, signal, note);
    return finish(rounds, stopped, notes);
  } finally {
    forgetRunning(machine.state);
    release();
  }
}

/** What a round is divided by in a second, and how long the connections of the other arm must be waited for. */
async function lookAtTraffic(
  { protocol, port, signal, progress, round }: ProveOptions,
  counters: Counters,
  number: OwnNumber | null,
): Promise<{ readonly warm: number; readonly rate: number; readonly standing: number }> {
  const done = progress(`looking at the traffic of port ${port} for ${LOOK_SECONDS} s ...`);
  try {
    const answer = number?.begin(round, signal);
    const before = await counters.read();
    const established: number[] = [];
    for (let second = 0; second < LOOK_SECONDS; second++) {
      await pause(1, signal);
      if (protocol === 'tcp') established.push((await connectionsTo(port)).length);
    }
    const { seconds, connections, accepts, values } = between(before, await counters.read());
    const first = await answer?.();
    if (signal.aborted)
      throw failure('interrupted', 'interrupted before anything was changed', 'run it again');
    if (first === null)
      throw failure(
        'no-number',
        number?.notes()[0] ?? 'there is no number',
        'it must give one number and nothing else, within a round',
      );
    if (values['worker-cpu'] === null && connections !== 0)
      throw failure(
        'not-measured',
        `the CPU time of the workers of port ${port} could not be read`,
        'the kernel needs CONFIG_SCHED_INFO, and the server a worker that locality-tune can see: inspect --port shows them',
      );
    const rate = (connections ?? 0) / seconds;
    const standing = established.length === 0 ? 0 : mean(established);
    return { warm: warmFor(standing, accepts === null ? 0 : accepts / seconds, port), rate, standing };
  } finally {
    done();
  }
}

/** Throws Failure long-lived. @param rate accepted connections in a second */
function warmFor(standing: number, rate: number, port: number): number {
  const hint =
    'a change of the program affects only new connections: measure locality instead (attach --measure)';
  if (standing >= 1 && rate === 0)
    throw failure(
      'long-lived',
      `port ${port} has ${Math.round(standing)} connections and accepted none in ${LOOK_SECONDS} s, so they live longer than any round`,
      hint,
    );
  const warm = warmUp(standing, rate);
  if (warm <= LONGEST_WARM_UP) return warm;
  throw failure(
    'long-lived',
    `connections to port ${port} live ${duration(standing / rate)} on average, so a round would have to wait ${duration(warm)} for those of the other arm`,
    hint,
  );
}
