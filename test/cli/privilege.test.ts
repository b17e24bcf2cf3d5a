import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/system/package.ts';
import { run } from './run.ts';

/** As nobody, if the tests run as root. */
const UNPRIVILEGED = ['--import', 'data:text/javascript,if (process.geteuid() === 0) process.seteuid(65534)'];

describe.concurrent('without root', () => {
  it.each([
    ['undo --yes', 'undo: changing queues and XPS needs CAP_NET_ADMIN'],
    ['watch --once', 'watch: only root can read the journals, and the slots and workers of every server;'],
    ['watch --resume', 'watch: only root can speak to a running watcher;'],
    ['watch --install --yes', 'watch: only root can change units in /etc/systemd/system;'],
    ['prove --port 1 --yes', 'prove: only root can read slots and programs, and count events on all CPUs;'],
    [
      'attach --persist --port 1 --yes',
      'attach --persist: only root can change drop-ins in /etc/systemd/system;',
    ],
    ['detach --persist --port 1', 'detach --persist: only root can change drop-ins in /etc/systemd/system;'],
    ['xdp spread --iface lo --port 1 --by flow --yes', 'xdp spread: loading a BPF program needs CAP_BPF'],
    ['xdp sport --iface lo --port 1 --one-way --yes', 'xdp sport: loading a BPF program needs CAP_BPF'],
    ['xdp detach --iface lo --yes', 'xdp detach: loading a BPF program needs CAP_BPF'],
    ['balance remove 192.0.2.1 --yes', 'balance remove: loading a BPF program needs CAP_BPF'],
    ['balance detach --yes', 'balance detach: loading a BPF program needs CAP_BPF'],
  ])('%s says why it needs root, and exits with 77', async (command, reason) => {
    const { status, stdout, stderr } = await run(command.split(' '), { node: UNPRIVILEGED });
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain(`locality-tune: ${reason}`);
    expect(stderr).toMatch(/; run it as root\n$/);
  });
});

it('names the port that only root may listen on', async () => {
  const { status, stderr } = await run(['export', '--listen', '127.0.0.1:80'], {
    node: [
      '--import',
      'data:text/javascript,if (process.geteuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534) }',
    ],
  });
  expect([status, stderr]).toEqual([
    77,
    'locality-tune: export: --listen 127.0.0.1:80: a port below 1024 needs CAP_NET_BIND_SERVICE; ' +
      'choose another port, or run as root\n',
  ]);
});

it('SECURITY.md says of every command what it may change, and which privileges it needs', async () => {
  const { stdout } = await run(['--help']);
  const commands = /\nCommands:\n(.*?)\n\n/s.exec(stdout)?.[1] ?? '';
  const names = [...commands.matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  expect(names).toContain('watch');
  const security = readFileSync(join(packageRoot, 'SECURITY.md'), 'utf8');
  for (const title of ['What it may change', 'Privileges']) {
    const [section = ''] = security.split(`\n## ${title}\n`)[1]?.split('\n## ') ?? [];
    // The first column of the table.
    const named = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell).join();
    expect(
      names.filter((name) => !new RegExp(`\`${name}\\b`).test(named)),
      title,
    ).toEqual([]);
  }
});
