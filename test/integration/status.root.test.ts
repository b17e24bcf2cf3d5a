import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Standing } from '../../src/tune/status.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli } from './cli.ts';
import { type Nginx, startNginx } from './servers.ts';

const PORT = 28_477;
const ID = `tcp 127.0.0.1:${PORT}`;
const state = mkdtempSync(join(tmpdir(), 'lt-status-'));
let nginx: Nginx;

beforeAll(async () => {
  process.env['LOCALITY_TUNE_STATE'] = state;
  await assertBpfAnswers();
  nginx = await startNginx(PORT, 2);
  unpin();
});
afterAll(async () => {
  await nginx?.stop();
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

/** As a server without worker_cpu_affinity runs. */
const unpin = () => {
  for (const pid of nginx.workers()) execFileSync('taskset', ['-pc', '0-1', String(pid)]);
};

type Status = Standing & { readonly verdict: string };

async function status(): Promise<{ readonly code: number | null } & Status> {
  const { code, stdout } = await cli('status', '-j');
  return { code, ...(JSON.parse(stdout) as Status) };
}

it('says nothing is applied, what is applied and by whom, sees a reload, and recovers with the next apply', async () => {
  expect((await cli('status', '--quiet')).stdout).toMatch(/^locality-tune UNKNOWN: nothing is applied \|/);
  expect(await status()).toMatchObject({ code: 3, verdict: 'nothing', settings: [], drift: [] });

  const apply = async () => expect((await cli('apply', '--port', `${PORT}`, '--yes')).code).toBe(0);
  await apply();
  const set = await status();
  expect(set).toMatchObject({ code: 0, verdict: 'as-set', drift: [] });
  expect(set.settings.map(({ kind, state, journal }) => `${kind} ${state} ${journal}`)).toEqual([
    'pin as-set 1',
    'pin as-set 1',
    'program as-set 1',
  ]);
  expect(set.settings[0]?.by?.command).toBe(`locality-tune apply --port ${PORT} --yes`);
  const { stdout } = await cli('status');
  expect(stdout).toMatch(/^no drift: 3 settings as they were set\njournal 1: 3 settings, /);

  // The same sockets; but new workers, which no pin of the old ones holds.
  await nginx.reload(2);
  unpin();
  const reloaded = await status();
  expect(reloaded).toMatchObject({ code: 1, verdict: 'drift' });
  expect(reloaded.drift.map(({ likely }) => likely)).toEqual([
    expect.stringContaining('reloaded'),
    expect.stringContaining('reloaded'),
    expect.stringContaining('reloaded'),
  ]);
  await apply();
  expect(await status()).toMatchObject({ code: 0, verdict: 'as-set', drift: [] });
  expect((await cli('undo', '--all', '--yes')).code).toBe(0);
  expect((await status()).code).toBe(3);
}, 300_000);

it('lists what was attached, and sees more workers than its program was made for', async () => {
  const attached = await cli('attach', '--port', `${PORT}`, '--yes');
  expect(attached.code).toBe(0);
  expect(await status()).toMatchObject({
    code: 0,
    settings: [
      {
        kind: 'program',
        subject: ID,
        wanted: 'cpu for 2 sockets',
        state: 'as-set',
        journal: null,
        by: { command: `locality-tune attach --port ${PORT} --yes` },
      },
    ],
  });
  await nginx.reload(3);
  expect(await status()).toMatchObject({
    code: 1,
    drift: [{ subject: ID, wanted: 'cpu for 2 sockets', is: '3 sockets' }],
  });
  expect((await cli('status', '--quiet')).stdout).toMatch(
    /^locality-tune WARNING: drift: 1 of 1 setting: tcp /,
  );
  expect((await cli('detach', '--yes', '--port', `${PORT}`)).code).toBe(0);
  expect((await status()).code).toBe(3);
}, 300_000);

it('does not count a program that ended with its server, until detach forgets it', async () => {
  expect((await cli('attach', '--port', `${PORT}`, '--yes')).code).toBe(0);
  await nginx.stop();
  expect(await status()).toMatchObject({
    code: 3,
    verdict: 'nothing',
    settings: [{ kind: 'program', subject: ID, state: 'ended', journal: null }],
    drift: [],
  });
  const { stdout } = await cli('status');
  expect(stdout).toContain(`ended: 1 program with its server: ${ID}; `);
  expect(await cli('watch', '--once')).toMatchObject({
    code: 3,
    stdout: expect.stringContaining(`UNKNOWN: nothing to compare now; no server runs on ${ID} |`),
  });
  const gone = `${ID}: no reuseport group is there now;`;
  const detach = (...more: string[]) => cli('detach', '--port', `${PORT}`, ...more);
  expect(await detach('--dry-run')).toMatchObject({
    code: 0,
    stderr: `${gone} would remove the record of its program\n`,
  });
  const done = await detach('-j');
  expect(done).toMatchObject({ code: 0, stderr: `${gone} removed the record of its program\n` });
  expect(JSON.parse(done.stdout)).toEqual({ schema: 'locality-tune.detach/1', groups: [] });
  expect(await status()).toMatchObject({ code: 3, settings: [] });
  expect(await detach('--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no reuseport group'),
  });
}, 300_000);
