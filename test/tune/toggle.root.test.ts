/** A plan that is switched on and off: pins of a process of its own, under a journal. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { openAccess } from '../../src/tune/access.ts';
import { openToggle } from '../../src/tune/toggle.ts';
import { change } from './lab.ts';

let state: string;
let idle: ChildProcess;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-toggle-'));
  idle = spawn('sleep', ['600'], { stdio: 'ignore' });
});
afterEach(() => {
  idle.kill();
  rmSync(state, { recursive: true, force: true });
});

const pid = () => idle.pid ?? 0;
const cpus = () => execFileSync('taskset', ['-pc', `${pid()}`], { encoding: 'utf8' }).trim();
const pin = (to: string) => ({
  ...change({ kind: 'pin', pid: pid(), tid: pid(), comm: 'sleep', startTime: null }, to),
  from: '0-1',
});
const open = (to: string) =>
  openToggle(
    openAccess({ files: openFiles('/'), kernel: openKernel() }, 'x86_64'),
    { changes: [pin(to)], refused: [], notes: [] },
    { state, netns: { inode: 1, cookie: null }, by: { user: null, command: 'test', version: '0' } },
  );
const journals = () => readdirSync(join(state, 'journals'));

it('switches as often as it is told, and ends as it began', async () => {
  const before = cpus();
  const toggle = await open('1');
  expect(toggle.begin()).toBe('1');
  expect(journals()).toEqual(['1.jsonl']);
  for (let times = 0; times < 3; times++) {
    await toggle.on();
    expect(cpus()).toMatch(/: 1$/);
    await toggle.off();
    expect(cpus()).toBe(before);
  }
  await toggle.on();
  expect(await toggle.end()).toMatchObject({ skipped: [], notes: [] });
  expect(cpus()).toBe(before);
  expect(journals()).toEqual(['1.undone.jsonl']);
});

it('ends without a change if it was never on', async () => {
  const before = cpus();
  const toggle = await open('0');
  expect(await toggle.end()).toMatchObject({ restored: [], skipped: [] });
  expect(cpus()).toBe(before);
  expect(journals()).toEqual([]);
});

it('leaves alone what somebody else has set meanwhile, and keeps the journal', async () => {
  const toggle = await open('1');
  await toggle.on();
  execFileSync('taskset', ['-pc', '0', `${pid()}`]);
  await expect(toggle.off()).rejects.toMatchObject({
    code: 'meanwhile',
    message: expect.stringMatching(/^somebody else has set sleep \d+ to 0$/),
  });
  const { skipped } = await toggle.end();
  expect(skipped.map(({ settled }) => settled)).toEqual([false]);
  expect(cpus()).toMatch(/: 0$/);
  expect(journals()).toEqual(['1.jsonl']);
});

it('has nothing to restore of a thread that has ended', async () => {
  const toggle = await open('1');
  await toggle.on();
  const ended = new Promise((resolve) => idle.once('exit', resolve));
  idle.kill();
  await ended;
  await expect(toggle.off()).rejects.toMatchObject({ code: 'refused' });
  expect((await toggle.end()).skipped.map(({ settled }) => settled)).toEqual([true]);
  expect(journals()).toEqual(['1.undone.jsonl']);
});
