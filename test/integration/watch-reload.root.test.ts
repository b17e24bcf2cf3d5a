import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askControl } from '../../src/system/control-socket.ts';
import type { Standing } from '../../src/tune/status.ts';
import { runningWatchers } from '../../src/watch/scope.ts';
import type { WatcherState } from '../../src/watch/service.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli } from './cli.ts';
import { type Live, startLive } from './live.ts';
import { type Nginx, startNginx, until } from './servers.ts';
import { nextEvent } from './veth-machine.ts';

const PORT = 28_479;
const ID = `tcp 127.0.0.1:${PORT}`;
let state: string;
let nginx: Nginx;
let watching: Live | null = null;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'lt-watch-'));
  process.env['LOCALITY_TUNE_STATE'] = state;
  await assertBpfAnswers();
  nginx = await startNginx(PORT, 2);
});
afterAll(async () => {
  await watching?.interrupt();
  await nginx?.stop();
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

const standing = async () =>
  JSON.parse((await cli('status', '-j')).stdout) as Standing & { readonly verdict: string };

it('a server that restarts gets its program again, and a second watcher is refused', async () => {
  const attached = await cli('attach', '--port', `${PORT}`, '--yes');
  expect(attached.code).toBe(0);
  watching = startLive(['watch', '--port', `${PORT}`, '--repair', 'all', '-j']);
  expect(await watching.document()).toMatchObject({ watching: 1, baseline: 'what was applied' });

  const [watcher] = (await runningWatchers()).answering;
  expect(watcher?.scope.ports).toEqual([PORT]);
  const asked = (await askControl(watcher?.path ?? '', { ask: 'state' })) as WatcherState;
  expect(asked).toMatchObject({ pid: watching.pid, repairs: expect.arrayContaining(['program']) });
  expect(asked.sentence).toBe('1 setting and 1 group as planned');

  await nginx.stop();
  expect(await nextEvent(watching, ({ kind }) => kind === 'group')).toMatchObject({ subject: ID, to: null });
  nginx = await startNginx(PORT, 2);
  const again = await nextEvent(watching, ({ action }) => action === 'repaired');
  expect(again).toMatchObject({ kind: 'program', subject: ID, to: 'none' });
  expect(again.from).toContain('#2');
  expect(await standing()).toMatchObject({ verdict: 'as-set', watchers: [{ pid: watching.pid }] });
  // It judges the program only by slots that are read after the repair.
  const planned = `watcher: pid ${watching.pid}: 1 setting and 1 group as planned`;
  await until(async () => (await cli('status')).stdout.includes(planned), 'it knows what it repaired', 80);

  const second = await cli('watch', '--port', `${PORT}`);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`another watcher (pid ${watching.pid}) already watches`);
}, 240_000);

it('a program that somebody detaches is noticed soon, and attached again', async () => {
  if (watching === null) throw new Error('nobody watches');
  const master = `${nginx.pid}`;
  execFileSync('python3', ['test/lab/detach.py', master, `${PORT}`]);
  const again = await nextEvent(watching, ({ kind, action }) => kind === 'program' && action === 'repaired');
  expect(again).toMatchObject({ subject: ID, to: 'none' });
  expect(await standing()).toMatchObject({ verdict: 'as-set' });
  const { stdout } = await cli('watch', '--port', `${PORT}`, '--explain-sources');
  expect(stdout).toMatch(
    /a program that somebody attached or detached +its address in the kernel is compared/,
  );
}, 240_000);

it('repairs nothing while it is paused, and what is detached on purpose is not drift', async () => {
  if (watching === null) throw new Error('nobody watches');
  expect((await cli('watch', '--pause', '10m')).code).toBe(0);
  const [watcher] = (await runningWatchers()).answering;
  const state = async () => (await askControl(watcher?.path ?? '', { ask: 'state' })) as WatcherState;
  expect((await state()).sentence).toContain('repairs are paused');
  expect((await cli('watch', '--resume')).code).toBe(0);
  expect((await cli('detach', '--yes', '--port', `${PORT}`)).code).toBe(0);
  await expect.poll(async () => (await state()).summary.settings, { timeout: 80_000 }).toBe(0);
  expect((await standing()).settings.filter(({ subject }) => subject === ID)).toEqual([]);
}, 240_000);
