/** The playbook of docs/ansible, run by Ansible, with a network namespace for each of two hosts. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SocketProcess, startSockets } from '../host/sockets.ts';
import { assertBpfAnswers } from './bpf.ts';
import { ENTRY } from './cli.ts';

const PLAYBOOK = join(import.meta.dirname, '../../docs/ansible/locality.yml');
const PORT = '8080';
const HOSTS = ['one', 'two'] as const;
const netns = (host: string) => `lt-ansible-${host}-${process.pid}`;
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });

let folder = '';
const toolOf = (host: string) => join(folder, `locality-tune-${host}`);
let servers: readonly SocketProcess[] = [];

beforeAll(async () => {
  await assertBpfAnswers();
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-ansible-'));
  // Each host has journals and a lock of its own, as two machines have.
  for (const host of HOSTS) {
    const state = `LOCALITY_TUNE_STATE=${folder}/state-${host}`;
    writeFileSync(toolOf(host), `#!/bin/sh\n${state} exec ${process.execPath} ${ENTRY} "$@"\n`);
    chmodSync(toolOf(host), 0o755);
  }
  const lines = HOSTS.map(
    (host) =>
      `${host} ansible_connection=local locality_options="['--netns', '${netns(host)}']" locality_plan=${folder}/${host}.json locality_tune=${toolOf(host)}`,
  );
  writeFileSync(join(folder, 'hosts'), `[web]\n${lines.join('\n')}\n`);
  for (const host of HOSTS) {
    ip('netns', 'add', netns(host));
    const queues = ['numrxqueues', '2', 'numtxqueues', '2'];
    ip('-n', netns(host), 'link', 'add', 'v0', ...queues, 'type', 'veth', 'peer', 'name', 'v1', ...queues);
    for (const link of ['lo', 'v0', 'v1']) ip('-n', netns(host), 'link', 'set', link, 'up');
  }
  servers = HOSTS.flatMap((host) => [0, 1].map(() => startSockets(['ip', 'netns', 'exec', netns(host)])));
  // One socket in each process, as workers have.
  await Promise.all(servers.map((server) => server.open('tcp', '0.0.0.0', Number(PORT), 1)));
});
afterAll(async () => {
  for (const server of servers) server.stop();
  await Promise.all(servers.map(({ ended }) => ended));
  for (const host of HOSTS) ip('netns', 'del', netns(host));
  rmSync(folder, { recursive: true });
});

interface Played {
  readonly status: number | null;
  readonly output: string;
  /** Of each host, from the recap. */
  readonly changed: Readonly<Record<string, number>>;
}

function play(): Promise<Played> {
  const vars = `iface=v0 listen_port=${PORT}`;
  const args = ['-i', join(folder, 'hosts'), '--extra-vars', vars, '--become-method', 'su', PLAYBOOK];
  const child = spawn('ansible-playbook', args, {
    env: { ...process.env, ANSIBLE_LOCAL_TEMP: folder, ANSIBLE_REMOTE_TEMP: folder, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  return new Promise((resolve) => {
    child.on('close', (status) => {
      const recap = output.matchAll(/^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0/gm);
      const changed = Object.fromEntries([...recap].map(([, host = '', n]) => [host, Number(n)]));
      resolve({ status, output, changed });
    });
  });
}

const settings = (host: string) =>
  ip('netns', 'exec', netns(host), 'sh', '-c', 'grep -r . /sys/class/net/v0/queues | sort') +
  servers.map(({ pid }) => execFileSync('taskset', ['-p', `${pid}`], { encoding: 'utf8' })).join('');

describe('the playbook', () => {
  it('changes both hosts once, and a second run changes nothing', async () => {
    const before = HOSTS.map(settings);
    const first = await play();
    expect(first.status, first.output).toBe(0);
    // The plan was saved, and applied.
    expect(first.changed).toEqual({ one: 2, two: 2 });
    const after = HOSTS.map(settings);
    for (const [at, is] of after.entries()) expect(is).not.toBe(before[at]);
    expect(JSON.parse(readFileSync(join(folder, 'one.json'), 'utf8')).schema).toBe('locality-tune.saved/1');

    const second = await play();
    expect(second.status, second.output).toBe(0);
    expect(second.changed).toEqual({ one: 0, two: 0 });
    expect(HOSTS.map(settings)).toEqual(after);
  });
});
