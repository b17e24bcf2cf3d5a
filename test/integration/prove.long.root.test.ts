/** `prove` on a real nginx: whatever ends it, the group has the program afterwards that it had before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { schedule } from '../../src/prove/schedule.ts';
import type { Proved } from '../../src/use-cases/prove.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson, ENTRY } from './cli.ts';
import { requestsFrom } from './requests.ts';
import { type Nginx, startNginx, until } from './servers.ts';

const PORT = 28_479;
const state = mkdtempSync(join(tmpdir(), 'lt-prove-'));
let nginx: Nginx;
let load: ChildProcess[] = [];

beforeAll(async () => {
  process.env['LOCALITY_TUNE_STATE'] = state;
  await assertBpfAnswers();
  nginx = await startNginx(PORT, 2);
});
beforeEach(() => stopLoad());
afterAll(async () => {
  await stopLoad();
  await nginx?.stop();
  rmSync(state, { recursive: true, force: true });
  delete process.env['LOCALITY_TUNE_STATE'];
});

function startLoad(): void {
  const program = join(import.meta.dirname, 'tune-load.ts');
  load = [0, 1].map((cpu) =>
    spawn('taskset', ['-c', `${cpu}`, process.execPath, program, `${PORT}`], { stdio: 'ignore' }),
  );
}

async function stopLoad(): Promise<void> {
  const ended = load.map((child) => once(child, 'exit'));
  for (const child of load) child.kill('SIGKILL');
  await Promise.all(ended);
  load = [];
}

/** With the program all connections from one CPU reach one worker; the hash spreads 40 of them over both. */
const isSteered = async () => (await requestsFrom(0, PORT, 40)).size === 1;

/** A seed whose first block has the program only in its middle, or everywhere else. */
function seedFor(first: 'off' | 'on'): string {
  const design = { order: 'random ABBA/BAAB', blocks: 1, round: 4, warm: 1, untilClear: false } as const;
  const seeds = Array.from({ length: 50 }, (_, seed) => seed);
  return String(seeds.find((seed) => schedule({ ...design, seed }, 'off')[0]?.arm === first));
}

function startProve(first: 'off' | 'on', ...more: readonly string[]): ChildProcess {
  const args = ['prove', '--port', `${PORT}`, '--blocks', '1', '--round', '4', '--yes', '-j', ...more];
  return spawn(process.execPath, [ENTRY, ...args, '--seed', seedFor(first)]);
}

it('says at once if there is too little traffic, and changes nothing', async () => {
  const proved = await cliJson<Proved>('prove', '--port', `${PORT}`, '--yes');
  expect(proved).toMatchObject({
    schema: 'locality-tune.prove/1',
    verdict: 'too-little-traffic',
    rounds: [],
    change: 'cpu',
  });
  expect(proved.text).toMatch(/^Too little traffic to tell: \d+ connections in the quietest round/);
  expect(await isSteered()).toBe(false);
});

it('takes the program off if it is killed in the middle', async () => {
  startLoad();
  const killed = startProve('off');
  const ended = once(killed, 'exit');
  await until(isSteered, 'a round with the program');
  killed.kill('SIGKILL');
  await ended;
  await until(async () => !(await isSteered()), 'the group without the program');
});

it('attaches the program again after Ctrl-C in a round without it', async () => {
  startLoad();
  expect((await cli('attach', '--port', `${PORT}`, '--yes')).code).toBe(0);
  expect(await isSteered()).toBe(true);
  const stopped = startProve('on');
  let output = '';
  stopped.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(stopped, 'exit');
  await until(async () => !(await isSteered()), 'a round without the program');
  stopped.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect(await isSteered()).toBe(true);
  const proved = JSON.parse(output) as Proved;
  expect(proved.verdict).toBe('stopped');
  expect(proved.text).toMatch(/^Stopped early, so nothing is proved: it was interrupted\. /);
  expect(existsSync(join(state, 'lock'))).toBe(false);
  expect((await cli('detach', '--yes', '--port', `${PORT}`)).code).toBe(0);
});

it('stops if the server is reloaded, and leaves no program behind', async () => {
  startLoad();
  const proving = startProve('off');
  let output = '';
  proving.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(proving, 'exit');
  await until(isSteered, 'a round with the program');
  await nginx.reload(2);
  expect((await ended)[0]).toBe(1);
  expect((JSON.parse(output) as Proved).text).toContain('the sockets or workers of the group changed');
  expect(await isSteered()).toBe(false);
});

it('measures an experiment to its end without a change, and prints its rounds', async () => {
  startLoad();
  const { code, stdout } = await cli(
    ...['prove', '--port', `${PORT}`, '--aa', '--blocks', '1', '--round', '4', '--csv', '--require', 'gain'],
  );
  // Four rounds are too few for any verdict, so for a gain as well.
  expect(code).toBe(1);
  const [head = '', ...rows] = stdout.trim().split('\n');
  expect(head).toMatch(/^block,arm,at,seconds,connections,worker-cpu,remote-wakeups,/);
  expect(rows).toHaveLength(4);
  for (const row of rows) {
    const [, arm, , seconds, connections, cpu, remote] = row.split(',');
    expect(['off', 'on']).toContain(arm);
    expect(Number(seconds)).toBeGreaterThanOrEqual(4);
    expect(Number(connections)).toBeGreaterThan(0);
    expect(Number(cpu)).toBeGreaterThan(0);
    // By hash, about half of the connections come from the other CPU.
    expect(Number(remote)).toBeGreaterThan(10);
  }
});
