/**
 * Attaches a program to an interface, replaces it, or detaches it; adds and deletes a filter on the way out. The system
 * calls run in a child process: if the kernel's BPF allocator is stuck, they never return, and nothing can end that wait.
 */
import { throttle } from '../steer/throttle.ts';
import { failure } from '../system/errors.ts';
import { programFile } from '../system/package.ts';
import { run } from '../system/run.ts';
import type { EgressOrder, Line, Order } from './order.ts';

/** The verifier takes a second for the longest program on an emulated CPU, and a driver resets its NIC. */
const TIME_LIMIT_MS = 30_000;

/**
 * Returns the id of the program, null after detaching. One netlink message makes the change: after a kill at any moment
 * the interface has what it had or what it shall have. Throws Failure foreign-program, native-refused, gone,
 * kernel-hung, EPERM and others of the kernel.
 */
export const setXdpOf = (order: Order): Promise<number | null> => inChild(order);

/** One write to the kernel makes the change. Throws Failure gone, kernel-hung, EPERM and others of the kernel. */
export const setEgressOf = (order: EgressOrder): Promise<number | null> => inChild(order);

async function inChild(order: Order | EgressOrder): Promise<number | null> {
  await throttle();
  const child = await run(process.execPath, [programFile('xdp/set-xdp-child')], {
    timeoutMs: TIME_LIMIT_MS,
    input: JSON.stringify(order),
  });
  const lines = parse(child.stdout);
  const answer = lines.find((line): line is Exclude<Line, { stage: string }> => !('stage' in line));
  if (answer !== undefined) {
    if ('done' in answer) return answer.done.programId;
    throw failure(answer.code, answer.message, answer.hint);
  }
  if (!child.timedOut)
    throw new Error(`set-xdp child ended with ${child.code ?? child.signal}: ${child.stderr}`);
  const seconds = TIME_LIMIT_MS / 1000;
  throw failure(
    'kernel-hung',
    lines.length === 0
      ? `the kernel did not load the program within ${seconds} s; nothing was changed`
      : `the kernel did not attach the program within ${seconds} s`,
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
