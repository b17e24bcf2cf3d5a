import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/watch/types.ts';
import { cli } from './cli.ts';
import { type Live, startLive } from './live.ts';
import { nextEvent } from './veth-machine.ts';

const NETNS = `lt-watch-${process.pid}`;
const inside = (...words: string[]) =>
  execFileSync('ip', ['netns', 'exec', NETNS, ...words], { encoding: 'utf8' });
const ip = (...words: string[]) => execFileSync('ip', ['-n', NETNS, ...words]);
const read = (file: string) => inside('cat', file).trim();
const RPS = '/sys/class/net/v0/queues/rx-0/rps_cpus';

let state: string;
let watching: Live | null = null;

function addPair(): void {
  ip('link', 'add', 'v0', 'numrxqueues', '2', 'numtxqueues', '2', 'type', 'veth', 'peer', 'name', 'v1');
  for (const name of ['v0', 'v1']) ip('link', 'set', name, 'up');
}

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-watch-'));
  process.env['LOCALITY_TUNE_STATE'] = state;
  execFileSync('ip', ['netns', 'add', NETNS]);
  addPair();
});
afterEach(async () => {
  await watching?.interrupt();
  watching = null;
  execFileSync('ip', ['netns', 'del', NETNS]);
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

/** Writes it in a shell that lives on until the watcher has reported it, so that it can be asked for its name. */
async function eventOf(live: Live, value: string): Promise<WatchEvent> {
  const words = ['netns', 'exec', NETNS, 'sh', '-c', `echo ${value} > ${RPS}; read end`];
  const shell = spawn('ip', words, { stdio: ['pipe', 'ignore', 'inherit'] });
  const event = await nextEvent(live, ({ kind }) => kind === 'rps');
  shell.stdin.end();
  return event;
}

/** Resolves once it watches. */
async function watch(...options: string[]): Promise<Live> {
  watching = startLive(['watch', '--netns', NETNS, '--baseline', 'now', '--iface', 'v0', '-j', ...options]);
  const ready = await watching.document<{ readonly watching: number }>();
  expect(ready.watching).toBeGreaterThan(4);
  return watching;
}

describe('a setting that another process writes', () => {
  it('is repaired to the byte, and the process is named', async () => {
    const before = read(RPS);
    const live = await watch('--repair', 'rps');
    const event = await eventOf(live, '1');
    expect(event).toMatchObject({
      subject: 'v0 rx-0 rps_cpus',
      to: '1',
      action: 'repaired',
      by: { comm: 'sh' },
    });
    expect(read(RPS)).toBe(before);
  });

  it('is only reported without --repair', async () => {
    const live = await watch();
    const event = await eventOf(live, '1');
    expect(event).toMatchObject({ action: 'none', by: { comm: 'sh' } });
    expect(read(RPS)).toMatch(/1$/);
  });

  it('is left to a script that writes it every second, which is named', async () => {
    const live = await watch('--repair', 'rps');
    const script = spawn('ip', [
      ...['netns', 'exec', NETNS, 'sh', '-c'],
      `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo 1 > ${RPS}; sleep 1; done`,
    ]);
    const event = await nextEvent(live, ({ action }) => action === 'given-up');
    expect(event.why).toBe('sh has undone 2 repairs, so it is left alone from now on');
    script.kill();
  });
});

describe('an interface that is deleted and made again', () => {
  it('is reported, and gets its settings again', async () => {
    inside('sh', '-c', `echo 2 > ${RPS}`);
    const live = await watch('--repair', 'all');
    ip('link', 'del', 'v0');
    expect(await nextEvent(live, ({ kind }) => kind === 'link')).toMatchObject({ subject: 'v0', to: null });
    addPair();
    expect(await nextEvent(live, ({ kind }) => kind === 'link')).toMatchObject({ subject: 'v0', from: null });
    const event = await nextEvent(live, ({ action }) => action === 'repaired');
    expect(event).toMatchObject({ kind: 'rps', subject: 'v0 rx-0 rps_cpus', by: null });
    expect(read(RPS)).toMatch(/2$/);
  });
});

describe('--once', () => {
  it('prints one line, with the exit status of a monitoring check', async () => {
    const saved = join(state, 'snapshot.json');
    await cli('snapshot', '--netns', NETNS, '--no-slots', '-o', saved);
    expect(readFileSync(saved, 'utf8')).toContain('v0');
    const once = (...more: string[]) => cli('watch', '--netns', NETNS, '--once', '--iface', 'v0', ...more);
    const right = await once('--baseline', saved);
    expect(right).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^locality-tune OK: \d+ settings as planned \|/),
    });
    inside('sh', '-c', `echo 1 > ${RPS}`);
    const wrong = await once('--baseline', saved);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain('drifted: v0 rx-0 rps_cpus is ');
    const nothing = await once();
    expect(nothing).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('locality-tune UNKNOWN: nothing to watch'),
    });
  });
});

it('ends at Ctrl-C with a sentence', async () => {
  const live = await watch();
  const { code, stderr } = await live.interrupt();
  watching = null;
  expect(code).toBe(0);
  expect(stderr).toMatch(/\d+ settings as planned/);
});

it('ends with its network namespace, and says so', async () => {
  const live = await watch();
  execFileSync('ip', ['netns', 'del', NETNS]);
  // Nothing reports it: it is seen at the next look, twice a minute.
  const event = await nextEvent(live, ({ subject }) => subject.startsWith('network namespace'));
  expect(event).toMatchObject({ kind: 'link', subject: `network namespace ${NETNS}`, to: null });
  const { code } = await live.interrupt();
  watching = null;
  expect(code).toBe(1);
  execFileSync('ip', ['netns', 'add', NETNS]);
});
