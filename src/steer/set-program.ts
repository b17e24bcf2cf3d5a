/**
 * Attaches a program to a group, or detaches it, through one member. The system call runs in a child process: if the
 * kernel's BPF allocator is stuck, the call never returns, and nothing can end that wait.
 */

import { encode, type Instruction } from '../cbpf/instruction.ts';
import { failure } from '../system/errors.ts';
import { programFile } from '../system/package.ts';
import { run } from '../system/run.ts';
import type { Member } from './member.ts';
import { throttle } from './throttle.ts';

/** For each of its stages. */
const TIME_LIMIT_MS = 5_000;
/** Until it runs: on an overloaded or emulated machine that alone takes seconds. */
const START_LIMIT_MS = 20_000;

/** The child's input, as JSON. `program` is base64 of struct sock_filter; null detaches. */
export interface Order {
  readonly pid: number;
  readonly fd: number;
  /** The socket that was checked; if another one has this fd now, the fd was reused. */
  readonly inode: number;
  /** In decimal. */
  readonly cookie: string;
  readonly program: string | null;
}

/** The child's output. */
export type SetProgramAnswer =
  | { readonly done: boolean }
  | { readonly code: string; readonly message: string; readonly hint: string };

/** A line of what the child says: that it runs, that it holds a copy and is about to set the program, then its answer. */
export type SetProgramLine = { readonly stage: 'started' | 'borrowed' } | SetProgramAnswer;

/**
 * Attaches `program`, or detaches with null. Resolves to false if there was nothing to detach. Throws Failure:
 * everything of `identify`, fd-reused, ENOMEM, EINVAL, kernel-hung, descriptor-silent, overloaded.
 */
export async function setGroupProgram(
  member: Member,
  program: readonly Instruction[] | null,
): Promise<boolean> {
  const order: Order = {
    pid: member.pid,
    fd: member.fd,
    inode: member.inode,
    cookie: String(member.cookie),
    program: program && Buffer.from(encode(program)).toString('base64'),
  };
  await throttle();
  const child = await run(process.execPath, [programFile('steer/set-program-child')], {
    timeoutMs: START_LIMIT_MS,
    silenceMs: TIME_LIMIT_MS,
    input: JSON.stringify(order),
  });
  const socket = `pid ${member.pid} fd ${member.fd}`;
  const words = parse(child.stdout);
  // It may have answered, and hang in its end only.
  const answer = words.find((each): each is SetProgramAnswer => !('stage' in each));
  if (answer !== undefined) {
    if ('done' in answer) return answer.done;
    throw failure(answer.code, answer.message, answer.hint);
  }
  if (!child.timedOut)
    throw new Error(`set-program child of ${socket} ended with ${child.code}: ${child.stderr}`);
  const seconds = TIME_LIMIT_MS / 1000;
  const stages = words.flatMap((each) => ('stage' in each ? [each.stage] : []));
  if (!stages.includes('started'))
    throw failure(
      'overloaded',
      `the process that sets the program of ${socket} did not run within ${START_LIMIT_MS / 1000} s, so nothing was changed`,
      'the machine may be overloaded; try again',
    );
  if (!stages.includes('borrowed'))
    throw failure(
      'descriptor-silent',
      `the kernel did not give a copy of ${socket} within ${seconds} s, so nothing was changed`,
      `its owner may block it on purpose: check process ${member.pid}`,
    );
  throw failure(
    'kernel-hung',
    `the kernel did not answer setsockopt on ${socket} within ${seconds} s`,
    `its BPF allocator may be locked up until a reboot, or process ${member.pid} holds its socket's lock; look for processes in state D (ps -eo state,pid,wchan,comm)`,
  );
}

/** Whole lines; what was cut counts for nothing. */
function parse(stdout: string): readonly SetProgramLine[] {
  const lines = stdout.split('\n').slice(0, -1);
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as SetProgramLine);
}
