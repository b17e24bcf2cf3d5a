/** What a repair records, what undo then restores, and how a watcher ends with its terminal. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/watch/types.ts';
import { cliJson, ENTRY } from './cli.ts';
import { type Live, startLive } from './live.ts';
import { nextEvent } from './veth-machine.ts';

const NETNS = `lt-repair-${process.pid}`;
const inside = (command: string) =>
  execFileSync('ip', ['netns', 'exec', NETNS, 'sh', '-c', command], { encoding: 'utf8' });
const ip = (...words: string[]) => execFileSync('ip', ['-n', NETNS, ...words]);
const XPS = '/sys/class/net/v0/queues/tx-0/xps_cpus';
const RPS = '/sys/class/net/v0/queues/rx-0/rps_cpus';
const read = (file: string) => inside(`cat ${file}`).trim();

/** With an address, by which it is known if it is made again. */
function addPair(): void {
  const queues = ['numrxqueues', '2', 'numtxqueues', '2'];
  ip('link', 'add', 'v0', 'address', '02:00:5e:10:00:01', ...queues, 'type', 'veth', 'peer', 'name', 'v1');
  for (const name of ['v0', 'v1']) ip('link', 'set', name, 'up');
}

let state: string;
let watching: Live | null = null;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-repair-'));
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

const journals = () =>
  existsSync(join(state, 'journals'))
    ? readdirSync(join(state, 'journals')).filter((name) => name.endsWith('.jsonl'))
    : [];

async function watch(...options: string[]): Promise<Live> {
  watching = startLive(['watch', '--netns', NETNS, '--iface', 'v0', '-j', ...options]);
  await watching.document();
  return watching;
}

const repaired = (live: Live): Promise<WatchEvent> => nextEvent(live, ({ action }) => action === 'repaired');

describe('a repair', () => {
  it('of what was applied gets no second record, and undo restores what was there before', async () => {
    const before = read(XPS);
    await cliJson('apply', '--netns', NETNS, '--iface', 'v0', '--only', 'xps', '--yes');
    const applied = read(XPS);
    expect(applied).not.toBe(before);
    expect(journals()).toHaveLength(1);
    const live = await watch('--repair', 'xps');
    for (const value of ['0', '3']) {
      inside(`echo ${value} > ${XPS}`);
      expect(await repaired(live)).toMatchObject({ kind: 'xps', subject: 'v0 tx-0 xps_cpus' });
      expect(read(XPS)).toBe(applied);
    }
    expect(journals()).toHaveLength(1);
    await cliJson('undo', '--netns', NETNS, '--yes');
    expect(read(XPS)).toBe(before);
  });

  it('of an interface that has come back with its address is a new record', async () => {
    const before = read(XPS);
    await cliJson('apply', '--netns', NETNS, '--iface', 'v0', '--only', 'xps', '--yes');
    const applied = read(XPS);
    const live = await watch('--repair', 'xps');
    ip('link', 'del', 'v0');
    await nextEvent(live, ({ kind, to }) => kind === 'link' && to === null);
    // It would repair the new one before anybody has looked.
    process.kill(live.pid, 'SIGSTOP');
    addPair();
    expect(read(XPS)).toBe(before);
    process.kill(live.pid, 'SIGCONT');
    await repaired(live);
    expect(read(XPS)).toBe(applied);
    expect(journals()).toHaveLength(2);
    await cliJson('undo', '--netns', NETNS, '--all', '--yes');
    expect(read(XPS)).toBe(before);
  });

  it('of what nobody has applied is a record, and undo restores what it found', async () => {
    const before = read(RPS);
    const live = await watch('--baseline', 'now', '--repair', 'rps');
    inside(`echo 1 > ${RPS}`);
    await repaired(live);
    expect(read(RPS)).toBe(before);
    expect(journals()).toHaveLength(1);
    await live.interrupt();
    watching = null;
    await cliJson('undo', '--netns', NETNS, '--yes');
    expect(read(RPS)).toMatch(/1$/);
  });
});

/** A session of its own on a terminal, which is closed once it watches. Prints the exit status. */
const TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"watching" not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;

it('ends with 129 if its terminal disappears, and leaves what was applied', async () => {
  await cliJson('apply', '--netns', NETNS, '--iface', 'v0', '--only', 'xps', '--yes');
  const applied = read(XPS);
  const words = [process.execPath, ENTRY, 'watch', '--netns', NETNS, '--iface', 'v0'];
  expect(execFileSync('python3', ['-c', TERMINAL, ...words], { encoding: 'utf8' })).toBe('129\n');
  expect(read(XPS)).toBe(applied);
});
