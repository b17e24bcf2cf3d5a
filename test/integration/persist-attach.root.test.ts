/** `attach --wait --persist` with real servers: the line of the drop-in brings the program back, as systemd runs it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import { openScreen } from '../tui/pty.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson, ENTRY } from './cli.ts';
import { type Nginx, type RunningServer, startHaproxy, startNginx } from './servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-persist-'));
const units = join(folder, 'units');

beforeAll(async () => {
  process.env['LOCALITY_TUNE_STATE'] = join(folder, 'state');
  process.env['LOCALITY_TUNE_UNITS'] = units;
  await assertBpfAnswers();
});
afterAll(() => {
  delete process.env['LOCALITY_TUNE_STATE'];
  delete process.env['LOCALITY_TUNE_UNITS'];
  rmSync(folder, { recursive: true, force: true });
});

async function programOn(port: number): Promise<string | null> {
  const { groups } = await cliJson<{ groups: Group[] }>('inspect', '--port', String(port));
  const [group] = groups;
  return group === undefined ? null : `${group.program?.name ?? 'none'} for ${group.size}`;
}

/** As systemd does after the main process has started; without quotes, since no word here needs any. */
async function runLine(path: string, name: 'ExecStartPost' | 'ExecReload'): Promise<void> {
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}=-+`));
  const [command = '', ...args] = line?.slice(name.length + 3).split(' ') ?? [];
  await promisify(execFile)(command, args);
}

describe('nginx', () => {
  const PORT = 28_478;
  const path = join(units, 'nginx.service.d', `locality-tune-tcp-${PORT}.conf`);
  let nginx: Nginx;
  afterAll(() => nginx?.stop());

  it('is waited for, with what it looks like so far, and for its number of sockets', async () => {
    const args = [ENTRY, 'attach', '--port', String(PORT), '--wait', '30', '--sockets', '2', '--yes'];
    const screen = openScreen(process.execPath, args, { columns: 120 });
    await screen.until(/waiting for tcp port 28478: no reuseport group on tcp port 28478 \.\.\./);
    nginx = await startNginx(PORT, 2);
    await screen.until(/attached `cpu` for 2 sockets/);
    expect((await screen.ended).code).toBe(0);
    expect(await programOn(PORT)).toBe('cpu for 2');
  });

  it('never comes: the failure says what is there', async () => {
    const { code, stdout } = await cli(
      'attach',
      '--port',
      String(PORT),
      '--wait',
      '0.5',
      '--sockets',
      '7',
      '--yes',
      '-j',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'timeout',
      message: `tcp port ${PORT}: no group of 7 sockets appeared within 0.5 s (2 of 7 sockets)`,
    });
  });

  it('has no service here: the drop-in is only written for one that is named', async () => {
    const { code, stdout } = await cli('attach', '--port', String(PORT), '--persist', '--yes', '-j');
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'no-unit']);
    const dry = await cli(
      'attach',
      '--port',
      String(PORT),
      '--persist',
      '--unit',
      'nginx.service',
      '--dry-run',
    );
    expect(dry.stdout).toContain(`${path}:`);
    expect(dry.stdout).toContain(`attach --port ${PORT} --wait 60 --yes`);
    expect(existsSync(path)).toBe(false);
  });

  it('has its program again after a restart and after a reload with more workers', async () => {
    const args = ['attach', '--port', String(PORT), '--persist', '--unit', 'nginx.service', '--yes'];
    expect(await cli(...args)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${path} attaches it again at each start and reload of nginx.service`),
    });
    expect(await cliJson('status')).toMatchObject({ verdict: 'as-set', dropIns: [path] });
    await nginx.stop();
    nginx = await startNginx(PORT, 2);
    expect(await programOn(PORT)).toBe('none for 2');
    await runLine(path, 'ExecStartPost');
    expect(await programOn(PORT)).toBe('cpu for 2');
    await nginx.reload(3);
    await runLine(path, 'ExecReload');
    expect(await programOn(PORT)).toBe('cpu for 3');
  });

  it('loses program and drop-in with detach --persist, also when it is stopped', async () => {
    expect((await cli('detach', '--yes', '--port', String(PORT))).stderr).toContain(
      `${path} attaches a program again`,
    );
    await nginx.stop();
    expect(await cli('detach', '--port', String(PORT), '--persist', '--yes')).toMatchObject({
      code: 0,
      stderr: `removed ${path}\n`,
    });
    expect(readdirSync(units)).toEqual([]);
  });
});

describe('haproxy', () => {
  const PORT = 28_491;
  const path = join(units, 'haproxy.service.d', `locality-tune-tcp-${PORT}.conf`);
  let haproxy: RunningServer;
  afterAll(() => haproxy?.stop());

  it('has its program again after a restart', async () => {
    haproxy = await startHaproxy(PORT, 2);
    const args = [
      'attach',
      '--port',
      String(PORT),
      '--program',
      'map',
      '--persist',
      '--unit',
      'haproxy.service',
    ];
    expect((await cli(...args, '--yes')).code).toBe(0);
    expect(await programOn(PORT)).toBe('map for 2');
    await haproxy.stop();
    haproxy = await startHaproxy(PORT, 2);
    expect(await programOn(PORT)).toBe('none for 2');
    await runLine(path, 'ExecStartPost');
    expect(await programOn(PORT)).toBe('map for 2');
  });
});
