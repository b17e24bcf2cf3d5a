/**
 * Puts a program on a group, or takes it off, through one member. The system call runs in a child process, because a
 * kernel whose BPF allocator is stuck never returns from it, and nothing can end that wait.
 */

import { encode, type Instruction } from '../cbpf/instruction.ts';
import { failure } from '../system/errors.ts';
import { programFile } from '../system/package.ts';
import { run } from '../system/run.ts';
import type { Member } from './member.ts';
import { throttle } from './throttle.ts';

const TIME_LIMIT_MS = 5_000;

/** What the child is asked. `program` is base64 of struct sock_filter; null detaches. */
export interface Order {
  readonly pid: number;
  readonly fd: number;
  /** The socket that was checked: another one in its place means that the fd was reused. */
  readonly inode: number;
  readonly program: string | null;
}

/** What the child answers. */
export type SetProgramAnswer =
  | { readonly done: boolean }
  | { readonly code: string; readonly message: string; readonly hint: string };

/**
 * Attaches `program`, or detaches with null. Resolves to false when there was nothing to detach.
 * Throws Failure: everything of `withMember`, fd-reused, ENOMEM, EINVAL, kernel-hung.
 */
export async function setGroupProgram(
  member: Member,
  program: readonly Instruction[] | null,
): Promise<boolean> {
  const order: Order = {
    pid: member.pid,
    fd: member.fd,
    inode: member.inode,
    program: program && Buffer.from(encode(program)).toString('base64'),
  };
  await throttle();
  const child = await run(process.execPath, [programFile('steer/set-program-child')], {
    timeoutMs: TIME_LIMIT_MS,
    input: JSON.stringify(order),
  });
  const socket = `pid ${member.pid} fd ${member.fd}`;
  if (child.timedOut)
    throw failure(
      'kernel-hung',
      `the kernel did not answer setsockopt on ${socket} within ${TIME_LIMIT_MS / 1000} s`,
      'its BPF allocator may be locked up until a reboot; look for processes in state D (ps -eo state,pid,wchan,comm)',
    );
  const answer = parse(child.stdout);
  if (answer === null)
    throw new Error(`set-program child of ${socket} ended with ${child.code}: ${child.stderr}`);
  if ('done' in answer) return answer.done;
  throw failure(answer.code, answer.message, answer.hint);
}

function parse(stdout: string): SetProgramAnswer | null {
  return stdout.startsWith('{') ? (JSON.parse(stdout) as SetProgramAnswer) : null;
}
