/**
 * A child that waits for the end of this process, whatever ends it, and then brings back what was there before. It does
 * nothing if it is dismissed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { encode, type Instruction } from '../cbpf/instruction.ts';
import type { Group } from '../host/types.ts';
import type { Member } from '../steer/member.ts';
import { failure } from '../system/errors.ts';
import { programFile } from '../system/package.ts';
import { ENVIRONMENT } from '../system/programs.ts';
import type { Handles } from './restore-program.ts';

export interface PutBack {
  /** The folder of lock and journals. */
  readonly state: string;
  /** Each group, and the program that it had; null: none. */
  readonly programs: readonly {
    readonly handles: Handles;
    readonly original: readonly Instruction[] | null;
  }[];
  /** Of a plan, whose settings a journal has: its groups as they were before. null: only a program is switched. */
  readonly plan: { readonly arch: string; readonly groups: readonly Group[] } | null;
}

/** The child's input, as one line of JSON: without bigints and bytes. */
export interface PutBackOrder extends Pick<PutBack, 'state' | 'plan'> {
  readonly programs: readonly {
    readonly group: Handles['group'];
    readonly inodes: readonly number[];
    readonly members: readonly (Omit<Member, 'cookie'> & { readonly cookie: string })[];
    /** base64 of struct sock_filter; null: no program. */
    readonly original: string | null;
  }[];
}

/** A line after it: the journal of the plan. */
export interface PutBackJournal {
  readonly journal: string;
}

/** The line that makes the child end at once. */
export const DISMISSED = 'dismissed';
/** What it says when it waits. */
export const READY = 'ready';

export interface PutBackChild {
  /** Is it still there to put everything back? */
  isAlive(): boolean;
  /** Tells it which journal to undo. */
  undoes(journal: string): void;
  dismiss(): Promise<void>;
}

/** Throws Failure no-guard. */
export async function startPutBack({ state, plan, programs }: PutBack): Promise<PutBackChild> {
  const order: PutBackOrder = {
    state,
    plan,
    programs: programs.map(({ handles: { group, inodes, members }, original }) => ({
      group,
      inodes,
      members: members.map((member) => ({ ...member, cookie: String(member.cookie) })),
      original: original && Buffer.from(encode(original)).toString('base64'),
    })),
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
      'the process that would put everything back if this one is killed did not start',
      'nothing was changed; try again',
    );
  return {
    isAlive: () => child.exitCode === null && child.signalCode === null,
    undoes: (journal) => {
      const line: PutBackJournal = { journal };
      child.stdin.write(`${JSON.stringify(line)}\n`);
    },
    dismiss: async () => {
      child.stdin.end(`${DISMISSED}\n`);
      await ended;
    },
  };
}
