import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson, ENTRY } from './cli.ts';
import { type Nginx, startNginx, until } from './servers.ts';

const PORT = 28_476;
const CPUS = [0, 1];
const SELECT = ['--iface', 'lo', '--port', String(PORT)];

interface Figures {
  readonly rx: number;
  readonly tx: number;
  readonly accept: number;
  readonly events: { readonly rx: number; readonly accept: number };
}

interface Tuned {
  readonly before: Figures;
  readonly after: Figures;
  readonly kept: boolean;
  readonly why: string;
  readonly plan: { readonly changes: readonly { readonly kind: string }[] };
}

let nginx: Nginx;
let load: ChildProcess[] = [];

const state = mkdtempSync(join(tmpdir(), 'lt-tune-'));

async function theGroup(): Promise<Group> {
  const { groups } = await cliJson<{ groups: readonly Group[] }>('inspect', '--port', String(PORT));
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  return group;
}

const facts = ({ selection, program, sockets }: Group) => ({
  selection,
  program,
  cpus: sockets.map(({ cpus }) => cpus),
});

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

describe('tune', () => {
  it('brings the accept match of nginx from chance to all, and undo brings everything back', async () => {
    const before = facts(await theGroup());
    expect(before).toEqual({ selection: 'hash', program: null, cpus: [CPUS, CPUS] });

    // tx is that of the whole machine, and may fall for what others do on it meanwhile.
    const tuned = await cliJson<Tuned>('tune', ...SELECT, '--seconds', '5', '--keep', '--yes');
    expect(tuned.plan.changes.map(({ kind }) => kind)).toEqual(['pin', 'pin', 'program']);
    expect(tuned).toMatchObject({ kept: true, after: { accept: 100 } });
    expect(tuned.before.accept).toBeLessThan(95);
    expect(Math.min(tuned.before.events.accept, tuned.after.events.accept)).toBeGreaterThanOrEqual(1_000);
    const after = facts(await theGroup());
    expect(after).toMatchObject({ selection: 'cbpf', cpus: [[0], [1]] });
    expect((await cli('status')).code).toBe(0);
    // What is right already is left alone.
    expect(await cliJson('tune', ...SELECT, '--yes')).toMatchObject({ kept: null, plan: { changes: [] } });

    const undone = await cliJson<{ restored: readonly { kind: string }[]; skipped: [] }>('undo', '--yes');
    expect(undone.restored.map(({ kind }) => kind)).toEqual(['program', 'pin', 'pin']);
    expect(facts(await theGroup())).toEqual(before);
  }, 300_000);

  it('takes everything back when it is interrupted while it measures, or killed with its program just attached', async () => {
    const before = facts(await theGroup());
    const args = ['tune', ...SELECT, '--seconds', '3', '--keep', '--yes', '-j'];
    const tuning = spawn(process.execPath, [ENTRY, ...args]);
    const ended = once(tuning, 'exit');
    const isApplied = async () => (await cli('status', '-j')).stdout.includes('"ended":true');
    await until(isApplied, 'the apply', 120);
    tuning.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(facts(await theGroup())).toEqual(before);

    // Of each change the intent, the write and its outcome are written: this is the program's write.
    process.env['LOCALITY_TUNE_DEBUG_KILL_AFTER'] = '8';
    expect((await cli('apply', ...SELECT, '--yes')).code).toBeNull();
    delete process.env['LOCALITY_TUNE_DEBUG_KILL_AFTER'];
    expect((await theGroup()).selection).toBe('cbpf');
    expect((await cli('status')).stdout).toContain('cut short');
    expect(await cliJson('undo', '--yes')).toMatchObject({ restored: [{}, {}, {}], skipped: [] });
    expect(facts(await theGroup())).toEqual(before);
  }, 300_000);

  it('applies nothing where there is too little traffic to tell', async () => {
    for (const child of load) child.kill();
    const before = facts(await theGroup());
    const { code, stdout } = await cli('tune', ...SELECT, '--seconds', '1', '--yes');
    expect(code).toBe(1);
    expect(stdout).toContain('at least 1000 are needed to tell');
    expect(facts(await theGroup())).toEqual(before);
    expect((await cli('status')).stdout).toBe('nothing is applied\n');
  }, 300_000);
});
