import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { OUTPUT_LIMIT, run } from '../../src/system/run.ts';

const timeoutMs = 20_000;
const sh = (script: string, options = {}) => run('sh', ['-c', script], { timeoutMs, ...options });

/**
 * Its tracer, which outlives it by a while and never waits, keeps the killed process from its parent, as
 * state D does.
 */
const UNDYING = `
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PTRACER, PTRACE_SEIZE = 0x59616d61, 0x4206
libc.prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
target = os.getpid()
if os.fork() == 0:
    assert libc.ptrace(PTRACE_SEIZE, target, None, None) == 0, os.strerror(ctypes.get_errno())
    print('traced', flush=True)
    time.sleep(10)
    os._exit(0)
time.sleep(60)
`;

describe('run', () => {
  it('gives exit status, both outputs, and the input to the program', async () => {
    const result = await sh('read line; echo "got $line"; echo oops >&2; exit 3', { input: 'x y\n' });
    const ended = { code: 3, signal: null, timedOut: false, hung: false };
    expect(result).toEqual({ ...ended, stdout: 'got x y\n', stderr: 'oops\n' });
  });

  it('passes arguments as they are', async () => {
    const args = ['a b', '$HOME', '', '*', 'ä'];
    expect((await run('printf', ['%s|', ...args], { timeoutMs })).stdout).toBe(
      args.map((each) => `${each}|`).join(''),
    );
  });

  it('rejects when there is no such program', async () => {
    await expect(run('/no/such/program', [], { timeoutMs })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(run('/etc/passwd', [], { timeoutMs })).rejects.toMatchObject({ code: 'EACCES' });
  });

  it('survives a program that does not read its input', async () => {
    expect(await run('true', [], { timeoutMs, input: 'x'.repeat(1 << 20) })).toMatchObject({ code: 0 });
  });

  it('ends a program after its time, and one that ignores signals', async () => {
    const result = await sh('trap "" TERM INT HUP; echo begun; while :; do sleep 1; done', {
      timeoutMs: 3_000,
    });
    expect(result).toMatchObject({
      timedOut: true,
      hung: false,
      signal: 'SIGKILL',
      code: null,
      stdout: 'begun\n',
    });
  });

  it('gives a program time again after each word, and ends it when it falls silent', async () => {
    // Four seconds altogether.
    const words = 'for word in 1 2 3 4 5 6 7 8; do echo $word; sleep 0.5; done';
    const limits = { timeoutMs: 3_000, silenceMs: 3_000 };
    expect(await sh(words, limits)).toMatchObject({
      code: 0,
      timedOut: false,
      stdout: '1\n2\n3\n4\n5\n6\n7\n8\n',
    });
    const silent = await sh('echo begun; sleep 60', { timeoutMs: 60_000, silenceMs: 300 });
    expect(silent).toMatchObject({ timedOut: true, signal: 'SIGKILL', stdout: 'begun\n' });
  });

  it('ends a program if the caller aborts', async () => {
    const abort = new AbortController();
    const running = sh('sleep 60', { signal: abort.signal });
    abort.abort();
    expect(await running).toMatchObject({ signal: 'SIGKILL', timedOut: false });
    expect(await sh('sleep 60', { signal: abort.signal })).toMatchObject({ signal: 'SIGKILL' });
  });

  it('does not wait for a grandchild that keeps the pipes', async () => {
    expect(await sh('sleep 3 & echo done')).toMatchObject({ code: 0, stdout: 'done\n', hung: false });
  });

  it('leaves a program behind that SIGKILL does not end', async () => {
    const result = await run('python3', ['-c', UNDYING], { timeoutMs, silenceMs: 1_000 });
    expect(result).toMatchObject({
      stdout: 'traced\n',
      timedOut: true,
      hung: true,
      code: null,
      signal: null,
    });
  });

  it('keeps a bounded part of endless output', async () => {
    const result = await sh(`head -c ${OUTPUT_LIMIT + 100_000} /dev/zero`);
    expect([result.code, result.stdout.length]).toEqual([0, OUTPUT_LIMIT]);
  });

  it('lets the process end at once, even after a failed start', async () => {
    const script = `import { run } from '${import.meta.dirname}/../../src/system/run.ts';
      await run('true', [], { timeoutMs: 600000 });
      await run('/no/such/program', [], { timeoutMs: 600000 }).catch((error) => console.log(error.code));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
