import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errnoCode, isErrno, isSystemError, systemError } from '../../src/system/errors.ts';

describe('system errors', () => {
  it('name the call, the code and the text', () => {
    const error = systemError(-3, 'inet_diag');
    expect(error).toMatchObject({
      message: 'inet_diag: ESRCH, no such process',
      code: 'ESRCH',
      errno: -3,
      syscall: 'inet_diag',
    });
    expect([isSystemError(error), errnoCode(error), isErrno(error, 'EPERM', 'ESRCH')]).toEqual([
      true,
      'ESRCH',
      true,
    ]);
  });

  it("are distinguished from others; Node's own are system errors too", () => {
    expect(() => readFileSync('/nonexistent')).toThrow(expect.toSatisfy(isSystemError));
    for (const other of [
      new Error('x'),
      Object.assign(new Error('x'), { code: 'ERR_X' }),
      'ESRCH',
      null,
      undefined,
    ]) {
      expect([isSystemError(other), errnoCode(other), isErrno(other, 'ESRCH')]).toEqual([false, null, false]);
    }
  });
});
