/**
 * Does a change pay on this server, under its own traffic? Switches it on and off in random order, counts what the workers
 * need for a connection, and brings back what was there before.
 */
import { wholeBlocks } from '../prove/compare.ts';
import { type Counters, openCounters } from '../prove/counters.ts';
import { experiment, type Phase, type Running } from '../prove/experiment.ts';
import { isLook } from '../prove/looks.ts';
import { byCounters } from '../prove/measuring.ts';
import { type NumberSource, ownNumber } from '../prove/own-number.ts';
import { probePhase, waitsIn } from '../prove/probe-phase.ts';
import { forgetRunning, noteRunning } from '../prove/running.ts';
import { lengthOf } from '../prove/schedule.ts';
import type { Design, MetricName, Per, Round } from '../prove/types.ts';
import { isClear, isQuiet, type Judged, judge, LEAST_CONNECTIONS, tooLittle } from '../prove/verdict.ts';
import type { AttachOptions } from '../steer/attach.ts';
import { failure } from '../system/errors.ts';
import { takeLock } from '../tune/lock.ts';
import { lockIfUnchanged } from '../tune/prepared-lock.ts';
import type { Change } from '../tune/types.ts';
import type { LiveMachine, Progress } from './machine.ts';
import { type Asked, idsOf, type Prepared, prepareChange } from './prove-change.ts';
import { lookAtTraffic } from './prove-traffic.ts';

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
  /** Also measure, in further rounds with a probe, how long connections or datagrams wait for a worker. */
  readonly latency: boolean;
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
  /** Those in which the probe ran, which decide nothing. */
  readonly probed: readonly Round[];
}

/**
 * Holds the lock only while it switches: what is read before touches descriptors of other processes, and asks the user.
 * Throws Failure: busy, changed (while that was read), those of prepareChange and its `open`, no-number, not-measured,
 * long-lived, no-guard, refused (by the user), not-put-back.
 */
export async function prove(machine: LiveMachine, options: ProveOptions): Promise<Proved> {
  const { files, kernel, state } = machine;
  // Another command may hold the lock: fail now, not after the user has been asked.
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
  const { warm, rate, standing, notes: noticed } = await lookAtTraffic(options, counters, number);
  const counting = [...counters.notes, ...noticed];
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
  const probing = options.latency ? probePhase(design, counters, { port, per }) : null;
  const finish = (
    [rounds = [], probed = []]: readonly (readonly Round[])[],
    stopped: string | null,
    lost: readonly string[],
  ): Proved => {
    const { notes, ...result } = judge(rounds, { ...judging, stopped });
    const metrics = { ...result.metrics, ...waitsIn(probed) };
    const own = [...(number?.notes() ?? []), ...(probing?.notes(probed) ?? [])];
    const all = [...lost, ...notes, ...own, ...counting, ...prepared.warnings];
    return { ...about, ...result, metrics, notes: all, rounds, probed };
  };
  const deciding: Phase = {
    design,
    begin: async () => byCounters(counters, number),
    isEnough: ([rounds = []]) => {
      // The verdict is known, and nobody should wait for it.
      if (primary !== 'number' && isQuiet(rounds)) return true;
      const done = wholeBlocks(rounds).length;
      if (!untilClear || rounds.length % 4 !== 0 || !isLook(done, blocks)) return false;
      return isClear(judge(rounds, { ...judging, stopped: null }).verdict);
    },
  };
  // Nobody should wait minutes to hear what is known now.
  if (rate * round < LEAST_CONNECTIONS && primary !== 'number') {
    const kept =
      per === 'connection' && standing > 0
        ? ' If clients keep their connections, count packets: `--per packet`.'
        : '';
    const text = `${tooLittle(Math.floor(rate * round), per, design)}${kept}`;
    return { ...finish([], null, []), verdict: 'too-little-traffic', text, notes: counting };
  }
  const phases = [deciding, ...(probing === null ? [] : [probing])];
  const length = phases.reduce((sum, phase) => sum + lengthOf(phase.design), 0);
  if (!(await options.confirm(described, length)))
    throw failure('refused', 'nothing was changed', 'answer y, or use --yes');
  if (signal.aborted) throw failure('interrupted', 'interrupted before anything was changed', 'run it again');
  const { files, kernel } = machine;
  const note = (state: Running) => {
    noteRunning(machine.state, files, { ...state, group: about.group, change: name });
    options.onRound(state);
  };
  const release = lock();
  try {
    const change = aa ? null : await prepared.open();
    const subject = { files, kernel, groups, members, change, what, primary };
    const { rounds, stopped, notes } = await experiment(subject, phases, signal, note);
    return finish(rounds, stopped, notes);
  } finally {
    forgetRunning(machine.state);
    release();
  }
}
