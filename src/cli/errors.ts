/** How a run fails: one line (or one JSON object) that names the operation, its object and the remedy. */
import type { NamedNetns } from '../host/netns-target.ts';
import { clean } from '../report/text.ts';
import { errnoCode } from '../system/errors.ts';
import { mentionNetns } from '../words/in-netns.ts';

/** `unknown`: a check cannot tell, or has nothing to check. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unknown: 3, privilege: 77, interrupted: 130 } as const;

/** A failure to show to the user; anything else that is thrown is a bug in this program. */
export class CliError extends Error {
  /** `EPERM` and the like for system calls, otherwise kebab-case: `no-such-interface`. */
  readonly code: string;
  readonly hint: string | null;
  readonly exit: number;

  constructor(code: string, message: string, hint: string | null, exit: number) {
    super(message);
    this.name = 'CliError';
    this.code = code;
    this.hint = hint;
    this.exit = exit;
  }
}

/** @param message `<operation> <object>: <what>` @param hint the remedy, in the imperative */
export function cliFailure(
  code: string,
  message: string,
  hint: string | null = null,
  exit: number = EXIT.failed,
): CliError {
  return new CliError(code, message, hint, exit);
}

export function usage(message: string, hint: string | null = null): CliError {
  return cliFailure('usage', message, hint, EXIT.usage);
}

/** Our own codes and errno names are failures that a user can fix; Node's ERR_* (such as a TypeError) are bugs. */
function isFixable(error: unknown): error is Error & { code: string; hint?: unknown } {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && !/^ERR_/.test(error.code)
  );
}

/**
 * Turns anything that was thrown into the failure to show.
 * @param operation what was done to what, if the error cannot know it: `read netns web`
 * @param needs the privilege that the operation needs, named if it was refused: `CAP_SYS_PTRACE`
 */
export function asFailure(error: unknown, operation: string | null = null, needs = 'root'): CliError {
  if (error instanceof CliError) return error;
  if (!isFixable(error)) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = 'run it again with LOCALITY_TUNE_DEBUG=1 and report what it prints, with the command line';
    return cliFailure('bug', `unexpected error: ${message}`, hint);
  }
  const code = errnoCode(error) ?? error.code;
  const refused = isPrivilege(code);
  const own = typeof error.hint === 'string' ? error.hint : null;
  return cliFailure(
    code,
    operation === null ? error.message : `${operation}: ${reasonOf(error.message)}`,
    own ?? (refused ? `needs ${needs}` : null),
    refused ? EXIT.privilege : code === 'interrupted' ? EXIT.interrupted : EXIT.failed,
  );
}

/** `ENOENT: no such file or directory, open '/x/y.7.tmp'`: the operation names the file as the user knows it. */
function reasonOf(message: string): string {
  const [, code, reason] = /^(E[A-Z0-9]+): (.+), [a-z]+(?: '.*')?$/s.exec(message) ?? [];
  return reason === undefined ? message : `${code === 'EISDIR' ? 'it is a directory' : reason} (${code})`;
}

/** Codes that mean a missing privilege to all but root. */
const UNSEEN: ReadonlySet<string> = new Set(['program-unknown', 'slots-unknown', 'journal']);

const isPrivilege = (code: string): boolean =>
  code === 'EPERM' || code === 'EACCES' || (process.geteuid?.() !== 0 && UNSEEN.has(code));

/** Runs `act`; its errors name the operation and, if it was refused, the missing privilege. */
export async function during<T>(operation: string, needs: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw isFixable(error) ? asFailure(error, operation, needs) : error;
  }
}

/**
 * One line for stderr without its newline; names in it cannot break it.
 * @param netns as `--netns` named it, for the commands that it mentions
 */
export function failureText({ message, hint }: CliError, netns: NamedNetns | null = null): string {
  const text = hint === null ? message : `${message}; ${hint}`;
  return `locality-tune: ${clean(mentionNetns(text, netns), true)}`;
}

/** @param command name of the command that failed; null if none was recognised @param netns as for the text */
export function failureDocument(
  command: string | null,
  { code, message, hint }: CliError,
  netns: NamedNetns | null = null,
) {
  const error = {
    code,
    message: mentionNetns(message, netns),
    hint: hint === null ? null : mentionNetns(hint, netns),
  };
  return { schema: `locality-tune.${command ?? 'error'}/1`, error };
}
