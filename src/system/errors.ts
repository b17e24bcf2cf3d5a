/** Errors of the operating system, in the form of Node's own: `code` "ESRCH", `errno` -3, `syscall` "pidfd_getfd". */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

export interface SystemError extends Error {
  readonly code: string;
  /** Negative, as Node's. */
  readonly errno: number;
  readonly syscall: string;
}

/**
 * Errors that libuv has no name for, so that Node calls them "Unknown system error -122". The last one is the kernel's own
 * (include/linux/errno.h), but some drivers let it out.
 */
const UNNAMED: ReadonlyMap<number, string> = new Map([
  [-116, 'ESTALE'],
  [-122, 'EDQUOT'],
  [-524, 'ENOTSUPP'],
]);

/** A SystemError for an answer with an error number (netlink), `errno` negative. */
export function systemError(errno: number, syscall: string): SystemError {
  const code = UNNAMED.get(errno) ?? getSystemErrorName(errno);
  const error = new Error(`${syscall}: ${code}, ${getSystemErrorMessage(errno)}`);
  return Object.assign(error, { code, errno, syscall });
}

export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    typeof Reflect.get(error, 'code') === 'string' &&
    typeof Reflect.get(error, 'errno') === 'number' &&
    typeof Reflect.get(error, 'syscall') === 'string'
  );
}

/** "ESRCH"; null for anything that is not an error of the operating system. */
export const errnoCode = (error: unknown): string | null =>
  isSystemError(error) ? (UNNAMED.get(error.errno) ?? error.code) : null;

/** Is it one of these errors of the operating system? */
export const isErrno = (error: unknown, ...codes: readonly string[]): boolean => {
  const code = errnoCode(error);
  return code !== null && codes.includes(code);
};

/** An error that a user can fix: `code` for scripts, `hint` for what to do. */
export interface Failure extends Error {
  readonly code: string;
  readonly hint: string;
}

export const failure = (code: string, message: string, hint: string): Failure =>
  Object.assign(new Error(message), { code, hint });

/** Was it made by `failure`? Errors of the operating system were not. */
export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error &&
  typeof Reflect.get(error, 'code') === 'string' &&
  typeof Reflect.get(error, 'hint') === 'string';

/** Adds the operation to a failure; anything else (a bug) is returned unchanged. */
export function duringOperation(error: unknown, operation: string): unknown {
  if (isFailure(error)) return failure(error.code, `${operation}: ${error.message}`, error.hint);
  if (!isSystemError(error)) return error;
  return Object.assign(new Error(`${operation}: ${error.message}`), {
    code: error.code,
    errno: error.errno,
    syscall: error.syscall,
  });
}
