import { describe, expect, it } from 'vitest';
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
  ])('%s says why it needs root, and exits with 77', async (command, reason) => {
    const { status, stdout, stderr } = await run(command.split(' '), { node: UNPRIVILEGED });
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain(`locality-tune: ${reason}`);
    expect(stderr).toMatch(/; run it as root\n$/);
  });
});
