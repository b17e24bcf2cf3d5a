/** The traffic of a port before an experiment: is there enough, and how long must old connections be waited for? */
import { pause } from '../measure/pause.ts';
import { between, type Counters, foreignEvents } from '../prove/counters.ts';
import type { OwnNumber } from '../prove/own-number.ts';
import { warmUp } from '../prove/schedule.ts';
import { mean } from '../prove/statistics.ts';
import type { Per } from '../prove/types.ts';
import { failure } from '../system/errors.ts';
import { connectionsTo } from '../system/kernel.ts';
import { duration } from '../words/duration.ts';
import type { Progress } from './machine.ts';

/** Seconds during which traffic is looked at before anything is changed. */
const LOOK_SECONDS = 5;
/** A longer wait in every round would make an experiment of hours. */
const LONGEST_WARM_UP = 60;

interface Look {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly per: Per;
  /** Seconds of a round. */
  readonly round: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

interface Traffic {
  /** What a round is divided by in a second. */
  readonly rate: number;
  /** How long the connections of the other arm must be waited for. */
  readonly warm: number;
  readonly standing: number;
  readonly notes: readonly string[];
}

export async function lookAtTraffic(
  { protocol, port, per, signal, progress, round }: Look,
  counters: Counters,
  number: OwnNumber | null,
): Promise<Traffic> {
  const done = progress(`looking at the traffic of port ${port} for ${LOOK_SECONDS} s ...`);
  try {
    const answer = number?.begin(round, signal);
    const before = await counters.read();
    const established: number[] = [];
    for (let second = 0; second < LOOK_SECONDS; second++) {
      await pause(1, signal);
      if (protocol === 'tcp') established.push((await connectionsTo(port)).length);
    }
    const after = await counters.read();
    const { seconds, connections, accepts, values } = between(before, after);
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
    const warm = warmFor(standing, accepts === null ? 0 : accepts / seconds, port);
    const foreign = foreignEvents(before, after, { port, per });
    return { warm, rate, standing, notes: foreign === null ? [] : [foreign] };
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
