/**
 * A child that waits for the end of this process, whatever ends it, and then gives the group the program that it had
 * before. It does nothing if it is dismissed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { encode, type Instruction } from '../cbpf/instruction.ts';
import type { Member } from '../steer/member.ts';
import { failure } from '../system/errors.ts';
import { programFile } from '../system/package.ts';
import { ENVIRONMENT } from '../system/programs.ts';

/** The child's input, as one line of JSON. */
export interface PutBackOrder extends Omit<Member, 'cookie'> {
  /** In decimal. */
  readonly cookie: string;
  /** base64 of struct sock_filter; null: no program. */
  readonly program: string | null;
}

/** The line after it that makes the child end at once. */
export const DISMISSED = 'dismissed';
/** What it says when it waits. */
export const READY = 'ready';

export interface PutBackChild {
  /** Is it still there to put the program back? */
  isAlive(): boolean;
  dismiss(): Promise<void>;
}

/** Throws Failure no-guard. */
export async function startPutBack(
  member: Member,
  program: readonly Instruction[] | null,
): Promise<PutBackChild> {
  const order: PutBackOrder = {
    ...member,
    cookie: String(member.cookie),
    program: program && Buffer.from(encode(program)).toString('base64'),
  };
  // A session of its own: the signals of the terminal are not for it.
  const child = spawn(process.execPath, [programFile('prove/put-back-child')], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: ENVIRONMENT,
  });
  const ended = once(child, 'exit').catch(() => {});
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const answer = await Promise.race([once(child.stdout, 'data'), ended]);
  if (!String(answer?.[0]).startsWith(READY))
    throw failure(
      'no-guard',
      'the process that would put the program back if this one is killed did not start',
      'nothing was changed; try again',
    );
  return {
    isAlive: () => child.exitCode === null && child.signalCode === null,
    dismiss: async () => {
      child.stdin.end(`${DISMISSED}\n`);
      await ended;
    },
  };
}
