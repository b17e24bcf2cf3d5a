/**
 * Attaches a program to an interface, replaces it, or detaches it; adds and deletes a filter on the way out. The system
 * calls run in a child process: if the kernel's BPF allocator is stuck, they never return, and nothing can end that wait.
 */
import { throttle } from '../steer/throttle.ts';
import { failure } from '../system/errors.ts';
import { programFile } from '../system/package.ts';
import { type RunResult, run } from '../system/run.ts';
import type { EgressOrder, Line, Order, Stage } from './order.ts';

/** For each stage: the verifier takes a second for the longest program on an emulated CPU, and a driver resets its NIC. */
const TIME_LIMIT_MS = 30_000;
/** Until the child runs: on an overloaded or emulated machine that alone takes seconds. */
const START_LIMIT_MS = 30_000;

/**
 * Returns the id of the program, null after detaching. One netlink message makes the change: after a kill at any moment
 * the interface has what it had or what it shall have. If this process is killed, the child does not begin to attach.
 * Throws Failure foreign-program, native-refused, gone, overloaded, killed, kernel-hung, EPERM and others of the kernel.
 */
export const setXdpOf = (order: Order): Promise<number | null> => inChild(order);

/**
 * One write to the kernel adds the filter and its qdisc. They are deleted one after the other: after a kill in between, an
 * empty qdisc is left. Throws Failure gone, overloaded, killed, kernel-hung, EPERM and others of the kernel.
 */
export const setEgressOf = (order: EgressOrder): Promise<number | null> => inChild(order);

async function inChild(order: Order | EgressOrder): Promise<number | null> {
  await throttle();
  const child = await run(process.execPath, [programFile('xdp/set-xdp-child')], {
    timeoutMs: START_LIMIT_MS,
    silenceMs: TIME_LIMIT_MS,
    input: JSON.stringify(order),
  });
  const lines = parse(child.stdout);
  const answer = lines.find((line): line is Exclude<Line, { stage: string }> => !('stage' in line));
  if (answer !== undefined) {
    if ('done' in answer) return answer.done.programId;
    throw failure(answer.code, answer.message, answer.hint);
  }
  throw silence(
    child,
    lines.flatMap((each) => ('stage' in each ? [each.stage] : [])),
  );
}

/** Why the child did not answer. */
function silence({ timedOut, code, signal, stderr }: RunResult, stages: readonly Stage[]): Error {
  const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
  if (!timedOut && signal === null) return new Error(`set-xdp child ended with ${code}: ${stderr}`);
  if (!timedOut)
    return failure(
      'killed',
      `the process that loads and attaches was ended by ${signal}`,
      'if nobody did that, memory may have run out: see `dmesg`',
    );
  if (!stages.includes('started'))
    return failure(
      'overloaded',
      `the process that loads and attaches did not run within ${seconds(START_LIMIT_MS)}, so nothing was changed`,
      'the machine may be overloaded; try again',
    );
  return failure(
    'kernel-hung',
    stages.includes('loaded')
      ? `the kernel did not finish within ${seconds(TIME_LIMIT_MS)}, and may still do so: see \`locality-tune xdp status\``
      : `the kernel did not load the program within ${seconds(TIME_LIMIT_MS)}; nothing was changed`,
    'its BPF allocator may be locked up until a reboot; look for processes in state D (ps -eo state,pid,wchan,comm)',
  );
}

/** Whole lines; what was cut counts for nothing. */
const parse = (stdout: string): readonly Line[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
