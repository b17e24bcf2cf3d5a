import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, it } from 'vitest';
import { errnoCode, isErrno, isSystemError, systemError } from '../../src/system/errors.ts';

const UNNAMED = new Set(['EDQUOT', 'ENOTSUPP', 'ESTALE']);
/** Other words of the same form. */
const NO_ERRORS = new Set(['ENA', 'ETHER', 'ERROR', 'ERRORS', 'EXPECTED']);

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

  it('have the kernel name where Node has none', () => {
    const full = Object.assign(new Error('x'), {
      code: 'Unknown system error -122',
      errno: -122,
      syscall: 'write',
    });
    expect([errnoCode(full), isErrno(full, 'EDQUOT'), systemError(-524, 'ioctl').code]).toEqual([
      'EDQUOT',
      true,
      'ENOTSUPP',
    ]);
  });

  it('are called in the source as they are called when they happen', () => {
    const names = new Set([...getSystemErrorMap().values()].map(([name]) => name));
    const known = (name: string) => names.has(name) || UNNAMED.has(name) || NO_ERRORS.has(name);
    const files = ['src', 'tui'].flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => join(root, file)),
    );
    const others = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/'(E[A-Z0-9]{2,14})'|^\s*(E[A-Z0-9]{2,14}): /gm)].flatMap(
        ([, quoted, key = '']) => (known(quoted ?? key) ? [] : [`${file}: ${quoted ?? key}`]),
      ),
    );
    expect(others).toEqual([]);
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
