import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertBpfAnswers } from './bpf.ts';
import { ENTRY } from './cli.ts';
import { impostor, withoutBpftrace } from './instead.ts';
import { startLive } from './live.ts';

const folders = mkdtempSync(join(tmpdir(), 'lt-bpftrace-'));
afterAll(() => rmSync(folders, { recursive: true }));

/** Runs `measure skb` below a command of our own; resolves to its exit status and the one line that it said. */
async function refused(wrapper: readonly string[]) {
  const [command = '', ...args] = [...wrapper, process.execPath, ENTRY, 'measure', 'skb', '-c', '1'];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(text.stdout).toBe('');
  expect(text.stderr.trimEnd().split('\n'), text.stderr).toHaveLength(1);
  return { code, said: text.stderr };
}

/** A program called bpftrace that is none. */
const notBpftrace = (script: string) => impostor(folders, 'bpftrace', script);

describe('measure says in one line', () => {
  it.each([
    ['bpftrace is missing', withoutBpftrace, /bpftrace is not installed; apt install/],
    ['bpftrace is too old', notBpftrace('echo bpftrace v0.16.0'), /bpftrace 0.16 is too old; 0.17 or later/],
  ])('that %s', async (_what, wrapper, words) => {
    expect(await refused(wrapper)).toEqual({ code: 1, said: expect.stringMatching(words) });
  });

  it('that it is not run as root', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    expect(await refused(nobody)).toEqual({ code: 77, said: expect.stringMatching(/needs root/) });
  });

  it('that the kernel has no BTF', async () => {
    const hidden = 'mount -t tmpfs tmpfs /sys/kernel/btf && exec "$@"';
    expect(await refused(['unshare', '--mount', 'sh', '-c', hidden, 'sh'])).toEqual({
      code: 1,
      said: expect.stringMatching(/no \/sys\/kernel\/btf\/vmlinux; it needs CONFIG_DEBUG_INFO_BTF/),
    });
  });

  it('that no probe works on this kernel', async () => {
    const wrapper = notBpftrace(`[ "$1" = --version ] && exec echo bpftrace v0.23.2
echo 'stdin:1:1-40: ERROR: tracepoint not found: skb:consume_skb' >&2
exit 1`);
    expect(await refused(wrapper)).toEqual({
      code: 1,
      said: expect.stringMatching(/the kernel has no tracepoint skb:consume_skb/),
    });
  });

  it('that bpftrace was killed', async () => {
    const wrapper = notBpftrace(`[ "$1" = --version ] && exec echo bpftrace v0.23.2
echo '{"type": "printf", "data": "Tracing packets"}'
kill -KILL $$`);
    expect(await refused(wrapper)).toEqual({ code: 1, said: expect.stringMatching(/was killed by SIGKILL/) });
  });

  it('that the output of bpftrace cannot be parsed', async () => {
    const wrapper = notBpftrace(`[ "$1" = --version ] && exec echo bpftrace v0.23.2
echo '{"type": "printf", "data": "Tracing packets"}'
echo '{"type": "map", "data": {"@rx": {"0,0": 1'
exec sleep 60`);
    expect(await refused(wrapper)).toEqual({
      code: 1,
      said: expect.stringMatching(/could not be parsed: {"type": "map", "data": {"@rx"/),
    });
  });
});

describe('bpftrace', () => {
  beforeAll(assertBpfAnswers);

  /** A measurement that has begun, and its bpftrace. */
  async function begin(before: readonly string[] = []) {
    const live = startLive(['measure', 'skb', '-j', '-i', '0.2'], before);
    await live.document();
    const bpftrace = Number(execFileSync('pgrep', ['--parent', String(live.pid)], { encoding: 'utf8' }));
    expect(readFileSync(`/proc/${bpftrace}/comm`, 'utf8')).toBe('bpftrace\n');
    return { live, bpftrace };
  }

  const gone = async (pid: number) => {
    for (let waited = 0; existsSync(`/proc/${pid}`); waited++) {
      expect(waited).toBeLessThan(100);
      await sleep(100);
    }
  };

  /** Reads on to the document that is the failure. */
  async function failureOf(live: Awaited<ReturnType<typeof begin>>['live']) {
    for (;;) {
      const document = await live.document<{ error?: unknown }>();
      if (document.error !== undefined) return { error: document.error, code: (await live.interrupt()).code };
    }
  }

  it('that is killed ends the measurement', async () => {
    const { live, bpftrace } = await begin();
    process.kill(bpftrace, 'SIGKILL');
    expect(await failureOf(live)).toMatchObject({
      error: { code: 'bpftrace-killed', message: 'bpftrace was killed by SIGKILL' },
      code: 1,
    });
  });

  it('that is stopped is noticed, and ended', async () => {
    const { live, bpftrace } = await begin();
    process.kill(bpftrace, 'SIGSTOP');
    expect(await failureOf(live)).toMatchObject({ error: { code: 'bpftrace-silent' }, code: 1 });
    await gone(bpftrace);
  });

  it.each([
    ['ends', []],
    ['without setpriv ends at its next word', impostor(folders, 'setpriv', 'exit 1')],
  ])('%s when the measurement is killed', async (_what, before) => {
    const { live, bpftrace } = await begin(before);
    process.kill(live.pid, 'SIGKILL');
    await gone(bpftrace);
  });

  it('ends when nobody reads the measurement any more', async () => {
    const child = spawn(process.execPath, [ENTRY, 'measure', 'skb', '-j', '-i', '0.2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const bpftrace = Number(execFileSync('pgrep', ['--parent', String(child.pid)], { encoding: 'utf8' }));
    child.stdout.destroy();
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    await gone(bpftrace);
  });
});
