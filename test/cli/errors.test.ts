import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asFailure, cliFailure, during, failureDocument, failureText, usage } from '../../src/cli/errors.ts';

const thrown = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe('asFailure', () => {
  it('keeps the code, message and hint of failures from the rooms below', () => {
    const refusal = Object.assign(new Error('attach 7/3: not in a reuseport group'), {
      code: 'not-reuseport',
      hint: 'set SO_REUSEPORT',
    });
    expect(asFailure(refusal)).toMatchObject({ code: 'not-reuseport', hint: 'set SO_REUSEPORT', exit: 1 });
    expect(failureText(asFailure(refusal))).toBe(
      'locality-tune: attach 7/3: not in a reuseport group; set SO_REUSEPORT',
    );
  });

  it('names the operation of a failed system call; a missing privilege is exit 77', () => {
    const missing = asFailure(
      thrown(() => readFileSync('/none/such')),
      'read /none/such',
    );
    expect(missing).toMatchObject({ code: 'ENOENT', exit: 1 });
    expect(missing.message).toBe('read /none/such: no such file or directory (ENOENT)');
    const refused = Object.assign(new Error('pidfd_getfd: EPERM, operation not permitted'), {
      code: 'EPERM',
    });
    expect(asFailure(refused, 'attach pid 7 fd 3', 'CAP_SYS_PTRACE')).toMatchObject({
      message: 'attach pid 7 fd 3: pidfd_getfd: EPERM, operation not permitted',
      hint: 'needs CAP_SYS_PTRACE',
      exit: 77,
    });
  });

  it.each([new TypeError('x is not a function'), thrown(() => new URL('')), 'a string', undefined])(
    'calls %s a bug, and how to report it',
    (error) => {
      const told = asFailure(error);
      expect(told).toMatchObject({ code: 'bug', exit: 1 });
      expect(told.hint).toContain('LOCALITY_TUNE_DEBUG=1');
    },
  );
});

it('during names the operation, and passes bugs and failures on unchanged', async () => {
  const told = usage('no');
  await expect(during('read', 'root', () => Promise.reject(told))).rejects.toBe(told);
  const bug = new TypeError('bug');
  await expect(during('read', 'root', () => Promise.reject(bug))).rejects.toBe(bug);
  await expect(during('read it', 'root', () => readFileSync('/none'))).rejects.toThrow(/^read it: /);
  await expect(during('read', 'root', () => 7)).resolves.toBe(7);
});

it('is one line and one object for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'binary' })), (message, hint) => {
      const told = cliFailure('code', message, hint);
      expect(failureText(told)).toMatch(/^locality-tune: \P{Cc}*$/u);
      expect(JSON.parse(JSON.stringify(failureDocument('attach', told))).error).toEqual({
        code: 'code',
        message,
        hint,
      });
    }),
  );
});

it('a failure within a named network namespace mentions commands that enter it, in text and in JSON', () => {
  const failure = cliFailure('gone', 'the group no longer exists', 'see `locality-tune inspect`');
  const web = { asked: 'web', pid: null };
  const hint = 'see `locality-tune inspect --netns web`';
  expect(failureText(failure, web)).toBe(`locality-tune: the group no longer exists; ${hint}`);
  expect(failureDocument('detach', failure, web).error.hint).toBe(hint);
  expect(failureDocument('detach', failure).error.hint).toBe('see `locality-tune inspect`');
});
