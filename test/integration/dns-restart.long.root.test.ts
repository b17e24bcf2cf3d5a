/** Name servers with a UDP socket for each thread: `attach --wait` finds them after each start, whatever they are. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Attached } from '../../src/steer/attach.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliJson } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-dns-'));

interface NameServer {
  readonly name: string;
  readonly config: (port: number) => string;
  readonly start: (file: string) => readonly [string, readonly string[]];
}

const SERVERS: readonly NameServer[] = [
  {
    name: 'unbound',
    config: (port) => `server:
  interface: 127.0.0.1@${port}
  num-threads: 2
  so-reuseport: yes
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  logfile: "${folder}/unbound.log"
  module-config: "iterator"
remote-control:
  control-enable: no
`,
    start: (file) => ['unbound', ['-d', '-c', file]],
  },
  {
    name: 'knot',
    config: (port) => `server:
  rundir: "${folder}"
  listen: 127.0.0.1@${port}
  udp-workers: 2
database:
  storage: "${folder}"
log:
  - target: stderr
    any: warning
`,
    start: (file) => ['knotd', ['-c', file]],
  },
  {
    name: 'named',
    config: (port) => `options {
  directory "${folder}"; managed-keys-directory "${folder}"; pid-file "${folder}/named.pid";
  session-keyfile "${folder}/session.key"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no;
};
controls { };
`,
    start: (file) => ['named', ['-f', '-4', '-n', '2', '-c', file]],
  },
];

let running: ChildProcess | null = null;

function start({ name, config, start }: NameServer, port: number): void {
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, config(port));
  const [command, args] = start(file);
  running = spawn(command, args, { stdio: 'ignore' });
}

async function stop(): Promise<void> {
  if (running === null || running.exitCode !== null) return;
  const exit = once(running, 'exit');
  running.kill('SIGTERM');
  await exit;
  running = null;
}

beforeAll(assertBpfAnswers);
afterEach(stop);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(SERVERS.map((server, at) => [server.name, 28_492 + at, server] as const))(
  '%s has its program again after a restart',
  async (_, port, server) => {
    for (let restart = 0; restart < 2; restart++) {
      start(server, port);
      // Nothing has been opened yet.
      const attached = await cliJson<Attached>(
        'attach',
        '--port',
        String(port),
        '--udp',
        '--wait',
        '30',
        '--yes',
      );
      expect(attached).toMatchObject({ attached: true, changed: true, previous: null });
      const { groups } = await cliJson<{ groups: Group[] }>(
        'inspect',
        '--port',
        String(port),
        '--sample',
        '0',
      );
      const udp = groups.find(({ protocol }) => protocol === 'udp');
      expect(udp?.program?.name).toBe('cpu');
      expect(udp?.size).toBe(attached.groupSize);
      expect(udp?.size).toBeGreaterThanOrEqual(2);
      await stop();
    }
  },
  120_000,
);
