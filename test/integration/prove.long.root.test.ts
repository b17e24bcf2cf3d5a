/** `prove` on a real nginx: whatever ends it, the group has the program afterwards that it had before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { randomFrom } from '../../src/cbpf/random.ts';
import { schedule } from '../../src/prove/schedule.ts';
import type { Proved } from '../../src/use-cases/prove.ts';
import { openScreen } from '../tui/pty.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson, ENTRY } from './cli.ts';
import { requestsFrom } from './requests.ts';
import { type Nginx, startNginx, until } from './servers.ts';

const PORT = 28_479;
/** With a group for IPv4 and one for IPv6. */
const BOTH = 28_489;
/** Of far-costs.py. */
const FAR = 28_491;
const KILLS = 10;
/** The first three rounds of four: the experiment must not end by itself. */
const SECONDS = 15;
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

function startLoad(port = PORT): void {
  const program = join(import.meta.dirname, 'tune-load.ts');
  load = [0, 1].map((cpu) =>
    spawn('taskset', ['-c', `${cpu}`, process.execPath, program, `${port}`], { stdio: 'ignore' }),
  );
}

async function stopLoad(): Promise<void> {
  const ended = load.map((child) => once(child, 'exit'));
  for (const child of load) child.kill('SIGKILL');
  await Promise.all(ended);
  load = [];
}

/** With the program all connections from one CPU reach one worker; the hash spreads 40 of them over both. */
const isSteered = async (port = PORT) => (await requestsFrom(0, port, 40)).size === 1;

/** nginx starts another one in its place, with the same sockets. */
async function replaceWorker(): Promise<void> {
  const [worker = 0] = nginx.workers();
  process.kill(worker, 'SIGKILL');
  await until(() => nginx.workers().length === 2 && !nginx.workers().includes(worker), 'another worker');
}

const selectionOf = async (port: number) =>
  (await cliJson<{ groups: readonly { selection: string }[] }>('inspect', '--port', `${port}`)).groups[0]
    ?.selection;

/** A seed whose first block has the program only in its middle, or everywhere else. */
function seedFor(first: 'off' | 'on'): string {
  const design = { order: 'random ABBA/BAAB', blocks: 1, round: 4, warm: 1, untilClear: false } as const;
  const seeds = Array.from({ length: 50 }, (_, seed) => seed);
  return String(seeds.find((seed) => schedule({ ...design, seed }, 'off')[0]?.arm === first));
}

const proveArgs = (first: 'off' | 'on', port = PORT): readonly string[] => [
  ...['prove', '--port', `${port}`, '--blocks', '1', '--round', '4', '--yes', '-j'],
  ...['--seed', seedFor(first)],
];

const startProve = (first: 'off' | 'on'): ChildProcess =>
  spawn(process.execPath, [ENTRY, ...proveArgs(first)]);

/** Its exit status, and its document. */
async function provedBy(proving: ChildProcess): Promise<{ readonly code: unknown; readonly proved: Proved }> {
  let output = '';
  proving.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(proving, 'close');
  return { code, proved: JSON.parse(output) as Proved };
}

const isRunning = () => existsSync(join(state, 'experiment.json'));

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

it(
  'brings back what the group had after SIGKILL at ten random moments',
  async () => {
    startLoad();
    const random = randomFrom(20);
    const met = new Set<boolean>();
    for (let kill = 1; kill <= KILLS; kill++) {
      // In half of them the group has the program before, and must have it afterwards.
      const before = kill > KILLS / 2;
      if (before && kill === KILLS / 2 + 1)
        expect((await cli('attach', '--port', `${PORT}`, '--yes')).code).toBe(0);
      const seconds = (SECONDS * random()) / 2 ** 32;
      const killed = startProve(kill % 2 === 0 ? 'off' : 'on');
      const ended = once(killed, 'exit');
      await until(isRunning, 'the first round', 60);
      await sleep(1000 * seconds);
      met.add((await isSteered()) === before);
      killed.kill('SIGKILL');
      expect((await ended)[1]).toBe('SIGKILL');
      // The child that puts everything back removes the note of the experiment at its end.
      await until(() => !isRunning(), `an end after ${seconds.toFixed(1)} s`, 60);
      expect({ kill, seconds, isSteered: await isSteered() }).toEqual({ kill, seconds, isSteered: before });
    }
    // Otherwise there was nothing to bring back.
    expect(met).toContain(false);
    expect((await cli('detach', '--yes', '--port', `${PORT}`)).code).toBe(0);
  },
  KILLS * 120_000,
);

it('takes the program off if its terminal is closed', async () => {
  startLoad();
  const screen = openScreen(process.execPath, [ENTRY, ...proveArgs('off')]);
  await until(() => isSteered(), 'a round with the program', 60);
  screen.hangUp();
  expect(await screen.ended).toMatchObject({ code: 129 });
  expect(await isSteered()).toBe(false);
  expect(isRunning()).toBe(false);
});

it('attaches the program again after Ctrl-C in a round without it', async () => {
  startLoad();
  expect((await cli('attach', '--port', `${PORT}`, '--yes')).code).toBe(0);
  expect(await isSteered()).toBe(true);
  const stopped = startProve('on');
  const ended = provedBy(stopped);
  await until(async () => !(await isSteered()), 'a round without the program', 60);
  stopped.kill('SIGINT');
  const { code, proved } = await ended;
  expect(code).toBe(130);
  expect(await isSteered()).toBe(true);
  expect(proved.verdict).toBe('stopped');
  expect(proved.text).toMatch(/^Stopped early, so nothing is proved: it was interrupted\. /);
  expect(readdirSync(state)).not.toContain('lock');
  expect((await cli('detach', '--yes', '--port', `${PORT}`)).code).toBe(0);
});

it.each([
  ['the server is reloaded', () => nginx.reload(2)],
  ['a worker is replaced', () => replaceWorker()],
])('stops if %s, and leaves no program behind', async (_, meanwhile) => {
  startLoad();
  const ended = provedBy(startProve('off'));
  await until(() => isSteered(), 'a round with the program', 60);
  await meanwhile();
  const { code, proved } = await ended;
  expect(code).toBe(1);
  expect(proved.verdict).toBe('stopped');
  expect(proved.text).toContain('the sockets or workers of the group changed');
  expect(await isSteered()).toBe(false);
});

it('ends with the round in which the traffic stops, and says so', async () => {
  startLoad();
  const ended = provedBy(startProve('off'));
  await until(() => isSteered(), 'a round with the program', 60);
  await stopLoad();
  const { code, proved } = await ended;
  // It was made to its end: that is a verdict, not a failure.
  expect(code).toBe(0);
  expect(proved.verdict).toBe('too-little-traffic');
  expect(proved.text).toMatch(
    /^Too little traffic to tell: \d+ connections in the quietest round, at least 200/,
  );
  expect(proved.rounds.length).toBeLessThan(4);
  expect(await isSteered()).toBe(false);
});

it('refuses a foreign program, and leaves it there', async () => {
  const file = join(state, 'foreign.bpf');
  writeFileSync(file, 'ld #1\nret a\n');
  expect((await cli('attach', '--port', `${PORT}`, '--program', file, '--yes')).code).toBe(0);
  const asmOf = async () =>
    (await cliJson<{ groups: { program: { asm: string } | null }[] }>('inspect', '--port', `${PORT}`))
      .groups[0]?.program?.asm;
  const before = await asmOf();
  const { code, stdout } = await cli('prove', '--port', `${PORT}`, '--yes', '-j');
  expect(code).toBe(1);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'foreign-program',
    message: expect.stringContaining('already has a foreign cBPF program'),
  });
  expect(await asmOf()).toBe(before);
  expect((await cli('detach', '--yes', '--force', '--port', `${PORT}`)).code).toBe(0);
});

it('finds a cost that is there, and keeps what pays', async () => {
  const file = join(state, 'page.html');
  const server = spawn('python3', [join(import.meta.dirname, 'far-costs.py'), `${FAR}`, '1000']);
  try {
    await once(server.stdout, 'data');
    startLoad(FAR);
    const json = join(state, 'proved.json');
    const proving = spawn(process.execPath, [
      ...[ENTRY, 'prove', '--port', `${FAR}`, '--yes', '-j', '--keep', '--require', 'gain', '--html', file],
      // Its effect is so large that the first look is enough.
      ...['--until-clear', '--blocks', '6', '--round', '4', '--command', '/bin/echo 12.5', '--latency'],
    ]);
    const { code, proved } = await provedBy(proving);
    expect(proved).toMatchObject({ verdict: 'gain', kept: true, design: { blocks: 18, untilClear: true } });
    expect(code).toBe(0);
    expect(proved.rounds).toHaveLength(24);
    expect(proved.probed).toHaveLength(24);
    expect(proved.metrics['worker-cpu']?.effect).toBeLessThan(-0.3);
    // By hash, half of the connections burn a millisecond more.
    const { off = 0, on = 0 } = proved.metrics['worker-cpu'] ?? {};
    expect(off - on).toBeGreaterThan(300);
    expect(off - on).toBeLessThan(700);
    expect(proved.metrics.number?.off).toBeCloseTo(12.5, 9);
    expect(proved.metrics.number?.effect).toBeCloseTo(0, 9);
    expect(proved.metrics['wait-median']?.n).toBe(6);
    expect(proved.metrics['wait-p99']?.off).toBeGreaterThan(proved.metrics['wait-median']?.off ?? Infinity);
    expect(readFileSync(file, 'utf8')).toContain(`<h1>${proved.text}</h1>`);
    expect(await selectionOf(FAR)).toBe('cbpf');

    writeFileSync(json, JSON.stringify(proved));
    const report = join(state, 'report.html');
    expect((await cli('report', '--experiment', json, '-o', report)).code).toBe(0);
    expect(readFileSync(report, 'utf8')).toContain(proved.text);

    // Four rounds decide nothing, so the program that is there stays, as it was before.
    const again = await cliJson<Proved>(
      ...['prove', '--port', `${FAR}`, '--yes', '--keep', '--blocks', '1', '--round', '4'],
    );
    expect(again).toMatchObject({
      verdict: 'too-few',
      kept: false,
      keptWhy: 'Not kept: it is not shown to pay, so everything is as it was before.',
    });
    expect(await selectionOf(FAR)).toBe('cbpf');
  } finally {
    await stopLoad();
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
}, 900_000);

it('switches all groups of a port together, or the one that is named', async () => {
  const both = await startNginx(BOTH, 2, ['127.0.0.1', '[::1]']);
  try {
    const several = await cli('prove', '--port', `${BOTH}`, '--yes', '-j');
    expect(several.code).toBe(1);
    expect(JSON.parse(several.stdout).error).toMatchObject({
      code: 'several-groups',
      hint: "choose one with --group 'ID', or use --all-groups",
    });
    const [first, second] = [`tcp 127.0.0.1:${BOTH}`, `tcp [::1]:${BOTH}`];
    const named = await cliJson<Proved>('prove', '--port', `${BOTH}`, '--group', second, '--yes');
    expect(named).toMatchObject({ verdict: 'too-little-traffic', group: second });

    startLoad(BOTH);
    const proving = spawn(process.execPath, [ENTRY, ...proveArgs('off', BOTH), '--all-groups']);
    const ended = provedBy(proving);
    await until(() => isSteered(BOTH), 'a round with the program', 60);
    proving.kill('SIGINT');
    const { code, proved } = await ended;
    expect(code).toBe(130);
    expect(proved).toMatchObject({ verdict: 'stopped', group: `${first}, ${second}` });
    const { groups } = await cliJson<{ groups: { id: string; selection: string }[] }>(
      ...['inspect', '--port', `${BOTH}`],
    );
    expect(groups.map(({ id, selection }) => [id, selection])).toEqual([
      [first, 'hash'],
      [second, 'hash'],
    ]);
  } finally {
    await stopLoad();
    await both.stop();
  }
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
