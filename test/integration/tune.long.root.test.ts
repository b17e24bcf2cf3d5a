import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn as spawnOnTerminal } from 'node-pty';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliBehind, cliJson, ENTRY } from './cli.ts';
import { impostor } from './instead.ts';
import { type Nginx, startNginx, until } from './servers.ts';
import { facts, type Tuned, theGroup } from './tuned.ts';

const PORT = 28_476;
const CPUS = [0, 1];
const SELECT = ['--iface', 'lo', '--port', String(PORT)];

let nginx: Nginx;
let load: ChildProcess[] = [];

const state = mkdtempSync(join(tmpdir(), 'lt-tune-'));

const isApplied = async () => (await cli('status', '-j')).stdout.includes('"ended":true');

beforeAll(async () => {
  process.env['LOCALITY_TUNE_STATE'] = state;
  await assertBpfAnswers();
  nginx = await startNginx(PORT, 2);
  // As a server without worker_cpu_affinity runs.
  for (const pid of nginx.workers()) execFileSync('taskset', ['-pc', '0-1', String(pid)]);
  const script = new URL('tune-load.ts', import.meta.url).pathname;
  load = CPUS.map((cpu) =>
    spawn('taskset', ['-c', String(cpu), process.execPath, script, String(PORT)], { stdio: 'ignore' }),
  );
});
afterAll(async () => {
  for (const child of load) child.kill();
  await nginx?.stop();
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

describe('tune of nginx', () => {
  it('brings the accept match of nginx from chance to all, and undo brings everything back', async () => {
    const before = facts(await theGroup(PORT));
    expect(before).toEqual({ selection: 'hash', program: null, cpus: [CPUS, CPUS] });

    const tuned = await cliJson<Tuned>('tune', ...SELECT, '--seconds', '5', '--yes');
    expect(tuned.plan.changes.map(({ kind }) => kind)).toEqual(['pin', 'pin', 'program']);
    expect(tuned).toMatchObject({ kept: true, after: { accept: 100 } });
    expect(tuned.before.accept).toBeLessThan(95);
    expect(Math.min(tuned.before.events.accept, tuned.after.events.accept)).toBeGreaterThanOrEqual(1_000);
    const after = facts(await theGroup(PORT));
    expect(after).toMatchObject({ selection: 'cbpf', cpus: [[0], [1]] });
    expect((await cli('status')).code).toBe(0);
    // What is right already is left alone.
    expect(await cliJson('tune', ...SELECT, '--yes')).toMatchObject({ kept: null, plan: { changes: [] } });

    const undone = await cliJson<{ restored: readonly { kind: string }[]; skipped: [] }>('undo', '--yes');
    expect(undone.restored.map(({ kind }) => kind)).toEqual(['program', 'pin', 'pin']);
    expect(facts(await theGroup(PORT))).toEqual(before);
  }, 300_000);

  it('restores everything if its terminal disappears while it measures', async () => {
    const before = facts(await theGroup(PORT));
    const args = ['tune', ...SELECT, '--seconds', '3', '--keep', '--yes'];
    const terminal = spawnOnTerminal(process.execPath, [ENTRY, ...args], { name: 'xterm-256color' });
    const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    await until(isApplied, 'the apply', 120);
    // As sshd does when its connection is lost: the other end is closed. Not in node-pty's types.
    if ('destroy' in terminal && typeof terminal.destroy === 'function') terminal.destroy();
    expect(await ended).toBe(129);
    expect(facts(await theGroup(PORT))).toEqual(before);
    expect((await cli('status', '-j')).stdout).toContain('"journals":[]');
  }, 300_000);

  it('restores everything if it is interrupted while it measures, or killed with its program just attached', async () => {
    const before = facts(await theGroup(PORT));
    const args = ['tune', ...SELECT, '--seconds', '3', '--keep', '--yes', '-j'];
    const tuning = spawn(process.execPath, [ENTRY, ...args]);
    const ended = once(tuning, 'exit');
    await until(isApplied, 'the apply', 120);
    tuning.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(facts(await theGroup(PORT))).toEqual(before);

    // Of each change the intent, the write and its outcome are written: this is the program's write.
    process.env['LOCALITY_TUNE_DEBUG_KILL_AFTER'] = '8';
    expect((await cli('apply', ...SELECT, '--yes')).code).toBeNull();
    delete process.env['LOCALITY_TUNE_DEBUG_KILL_AFTER'];
    expect((await theGroup(PORT)).selection).toBe('cbpf');
    expect((await cli('status')).stdout).toContain('interrupted');
    expect(await cliJson('undo', '--yes')).toMatchObject({ restored: [{}, {}, {}], skipped: [] });
    expect(facts(await theGroup(PORT))).toEqual(before);
  }, 300_000);

  it('says what is in force when the second measurement fails: nothing, or with --keep all of it', async () => {
    const before = facts(await theGroup(PORT));
    // A bpftrace that can't count packets as soon as there is a journal in force.
    const real = execFileSync('sh', ['-c', 'command -v bpftrace'], { encoding: 'utf8' }).trim();
    const script = `case "$*" in *skb.*.bt*)
  ls '${state}/journals' 2>/dev/null | grep -q '^[0-9]*.jsonl$' && { echo 'ERROR: out of order' >&2; exit 1; } ;;
esac
exec ${real} "$@"
`;
    const behind = impostor(state, 'bpftrace', script);
    const tune = async (...more: string[]) => {
      const { code, stdout } = await cliBehind(
        behind,
        'tune',
        ...SELECT,
        '--seconds',
        '5',
        '--yes',
        '-j',
        ...more,
      );
      return { code, ...(JSON.parse(stdout) as Tuned) };
    };
    expect(await tune()).toMatchObject({
      code: 1,
      kept: false,
      after: null,
      failed: [],
      undone: { skipped: [] },
      why: expect.stringMatching(/^the measurement after the change: .*: everything was restored$/),
    });
    expect(facts(await theGroup(PORT))).toEqual(before);
    expect(await tune('--keep')).toMatchObject({
      code: 1,
      kept: true,
      after: null,
      failed: [],
      undone: null,
      why: expect.stringMatching(/; kept: `locality-tune undo` restores the settings$/),
    });
    expect((await theGroup(PORT)).selection).toBe('cbpf');
    expect((await cli('undo', '--yes')).code).toBe(0);
    expect(facts(await theGroup(PORT))).toEqual(before);
  }, 300_000);

  it('says so when not everything could be restored, and what restores the rest', async () => {
    const args = ['tune', ...SELECT, '--seconds', '3', '--keep', '--yes', '-j'];
    const tuning = spawn(process.execPath, [ENTRY, ...args]);
    let out = '';
    tuning.stdout.on('data', (text) => {
      out += text;
    });
    const ended = once(tuning, 'close');
    await until(async () => (await cli('status', '-j')).stdout.includes('"ended":true'), 'the apply', 120);
    const [worker] = nginx.workers();
    execFileSync('taskset', ['-pc', '1', String(worker)]);
    tuning.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    expect(JSON.parse(out)).toMatchObject({
      kept: false,
      why: 'interrupted: not everything could be restored: `locality-tune undo` tries again, `locality-tune status` shows the rest',
      undone: { skipped: [{ change: { kind: 'pin' }, settled: false }] },
    });
    expect((await cli('undo', '--yes', '--force')).code).toBe(0);
    expect(facts(await theGroup(PORT))).toMatchObject({ selection: 'hash', cpus: [CPUS, CPUS] });
  }, 300_000);

  it('applies nothing if there is too little traffic to decide', async () => {
    for (const child of load) child.kill();
    const before = facts(await theGroup(PORT));
    const { code, stdout } = await cli('tune', ...SELECT, '--seconds', '1', '--yes');
    expect(code).toBe(1);
    expect(stdout).toContain('at least 1000 are needed to decide');
    expect(facts(await theGroup(PORT))).toEqual(before);
    expect((await cli('status')).stdout).not.toContain(`:${PORT}`);
  }, 300_000);
});
