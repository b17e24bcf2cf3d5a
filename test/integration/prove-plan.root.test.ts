/** `prove --change plan` in a network namespace of its own: pins, XPS and a program, back to the byte whatever ends it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Proved } from '../../src/use-cases/prove.ts';
import { type Lab, openLab } from '../tune/lab.ts';
import { assertBpfAnswers } from './bpf.ts';
import { childrenOf, until } from './servers.ts';

const PORT = 28_483;
const folder = mkdtempSync(join(tmpdir(), 'lt-prove-plan-'));
const running: ChildProcess[] = [];
let lab: Lab;
let master: number;

const inside = (file: string, ...args: readonly string[]): ChildProcess => {
  const child = spawn('ip', ['netns', 'exec', lab.name, file, ...args], { stdio: 'ignore' });
  running.push(child);
  return child;
};

beforeAll(async () => {
  await assertBpfAnswers();
  lab = openLab('prove');
  lab.sh('ip link set lo up');
  const file = join(folder, 'nginx.conf');
  // Without worker_cpu_affinity: the plan pins them.
  writeFileSync(
    file,
    `user root; daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 2;
     events { worker_connections 512; }
     http { access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b;
       fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
       server { listen 127.0.0.1:${PORT} reuseport; location / { return 200 $pid; } } }`,
  );
  master = inside('nginx', '-c', file, '-p', folder).pid ?? 0;
  await until(() => childrenOf(master).length === 2, 'the workers of nginx');
  for (const cpu of ['0', '1'])
    inside('taskset', '-c', cpu, process.execPath, join(import.meta.dirname, 'tune-load.ts'), `${PORT}`);
});
afterAll(async () => {
  const ended = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ended);
  lab?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that the plan may change, as the kernel prints it; of the program, `inspect`'s own word. */
const settings = () =>
  [
    lab.settings(),
    ...childrenOf(master).map((pid) => execFileSync('taskset', ['-pc', `${pid}`], { encoding: 'utf8' })),
  ].join('');
const selection = () =>
  JSON.parse(lab.tune(['inspect', '--port', `${PORT}`, '-j']).stdout).groups[0].selection;
const journals = () => readdirSync(join(lab.state, 'journals')).sort();
const PROVE = [
  'prove',
  '--change',
  'plan',
  '--iface',
  'v0',
  '--port',
  `${PORT}`,
  '--blocks',
  '1',
  '--yes',
  '-j',
];

it('is restored to the byte if it is killed between two settings', async () => {
  const before = settings();
  // After the intents of its changes and the first of them.
  const killed = lab.tune(PROVE, { LOCALITY_TUNE_DEBUG_KILL_AFTER: '10' });
  expect(killed.signal ?? killed.code).toBe('SIGKILL');
  await until(() => journals().join() === '1.undone.jsonl', 'the end of its journal');
  expect(settings()).toBe(before);
});

it('is restored after Ctrl-C in a round with the plan, and says so', async () => {
  const before = settings();
  const proving = lab.start([...PROVE, '--seed', '2']);
  let output = '';
  proving.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(proving, 'exit');
  await until(() => settings() !== before, 'a round with the plan', 60);
  // `ip netns exec` has become the program itself.
  proving.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect(settings()).toBe(before);
  const proved = JSON.parse(output) as Proved;
  expect(proved).toMatchObject({ verdict: 'stopped', change: 'plan' });
  expect([...new Set(proved.changes?.map(({ kind }) => kind))]).toEqual(['xps', 'pin', 'program']);
  expect(journals()).toEqual(['1.undone.jsonl', '2.undone.jsonl']);
  expect(selection()).toBe('hash');
});
