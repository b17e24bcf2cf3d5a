/** How a run fails: one line (or one JSON object) that names the operation, its object and the remedy. */
import { clean } from '../report/text.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, privilege: 77, interrupted: 130 } as const;

/** A failure that is told to the user; anything else that is thrown is a bug of ours. */
export class CliError extends Error {
  /** `EPERM` and its like for system calls, else kebab-case: `no-such-interface`. */
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
export function failure(
  code: string,
  message: string,
  hint: string | null = null,
  exit: number = EXIT.failed,
): CliError {
  return new CliError(code, message, hint, exit);
}

export function usage(message: string, hint: string | null = null): CliError {
  return failure('usage', message, hint, EXIT.usage);
}

/** Our own codes and errno names say what a user can mend; Node's ERR_* (a TypeError, say) only tell of a bug. */
function isTold(error: unknown): error is Error & { code: string; hint?: unknown } {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && !/^ERR_/.test(error.code)
  );
}

/**
 * Anything thrown, as the failure to show.
 * @param operation what was being done and to what, where the error can't know it: `read netns web`
 * @param needs the privilege that the operation takes, named when it was refused: `CAP_SYS_PTRACE`
 */
export function asFailure(error: unknown, operation: string | null = null, needs = 'root'): CliError {
  if (error instanceof CliError) return error;
  if (!isTold(error)) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = 'run it again with LOCALITY_TUNE_DEBUG=1 and report what it prints, with the command line';
    return failure('bug', `unexpected error: ${message}`, hint);
  }
  const refused = error.code === 'EPERM' || error.code === 'EACCES';
  const own = typeof error.hint === 'string' ? error.hint : null;
  return failure(
    error.code,
    operation === null ? error.message : `${operation}: ${error.message}`,
    own ?? (refused ? `needs ${needs}` : null),
    refused ? EXIT.privilege : error.code === 'interrupted' ? EXIT.interrupted : EXIT.failed,
  );
}

/** Runs `act`; what it throws names the operation and, when it was refused, the privilege that is missing. */
export async function during<T>(operation: string, needs: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw isTold(error) ? asFailure(error, operation, needs) : error;
  }
}

/** One line for stderr, without its newline, whatever the names in it contain. */
export function failureText({ message, hint }: CliError): string {
  return `locality-tune: ${clean(hint === null ? message : `${message}; ${hint}`, true)}`;
}

/** @param command name of the command that failed; null when none was recognised */
export function failureDocument(command: string | null, { code, message, hint }: CliError) {
  return { schema: `locality-tune.${command ?? 'error'}/1`, error: { code, message, hint } };
}
