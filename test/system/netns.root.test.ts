import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { netnsNames } from '../../src/system/netns.ts';
import { run } from '../../src/system/run.ts';

const NAME = `lt-system-${process.pid}`;
const LOOK = `${import.meta.dirname}/look-inside.ts`;
const BELOW_SYS = / \/sys\/(kernel|fs)\/\S+/g;
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const look = (...args: string[]) => run(process.execPath, [LOOK, ...args], { timeoutMs: 30_000 });

beforeAll(() => {
  ip('netns', 'add', NAME);
  const queues = ['numrxqueues', '4', 'numtxqueues', '4'];
  ip('-n', NAME, 'link', 'add', 'four0', ...queues, 'type', 'veth', 'peer', 'name', 'four1', ...queues);
  for (const link of ['lo', 'four0', 'four1']) ip('-n', NAME, 'link', 'set', link, 'up');
});
afterAll(() => {
  ip('netns', 'del', NAME);
});

describe('the same command inside of another network namespace', () => {
  it('serves the sockets that systemd has opened for it outside', async () => {
    const manager = `
import os, socket, sys
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
environment = dict(os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='metrics')
os.execve(sys.argv[1], sys.argv[1:], environment)`;
    const { stdout } = await run('python3', ['-c', manager, process.execPath, LOOK, NAME, 'lo'], {
      timeoutMs: 30_000,
    });
    const { netns, sockets } = JSON.parse(stdout);
    expect(netns).toBe(statSync(`/run/netns/${NAME}`).ino);
    expect(sockets).toEqual([{ fd: 3, name: 'metrics', isBound: true }]);
  });

  it('sees its interfaces, and keeps what is mounted below /sys', async () => {
    const { code, stdout, stderr } = await look(NAME, 'four0');
    expect([code, stderr]).toEqual([5, '']);
    const seen = JSON.parse(stdout);
    expect(seen.netns).toBe(statSync(`/run/netns/${NAME}`).ino);
    expect(seen.links.toSorted()).toEqual(['four0', 'four1', 'lo']);
    expect(seen.queues).toContain('rx-3');
    // Each twice: hidden below the new sysfs, and brought back on top of it.
    for (const mount of readFileSync('/proc/self/mounts', 'utf8').match(BELOW_SYS) ?? []) {
      expect(seen.mounts.filter((each: string) => each === mount)).toHaveLength(2);
    }
    expect(netnsNames()).toContain(NAME);
  });

  it('reads channels, queues and statistics of a device with four queues, as ethtool does', async () => {
    const seen = JSON.parse((await look(NAME, 'four0')).stdout);
    const inside = (option: string) => ip('netns', 'exec', NAME, 'ethtool', option, 'four0');
    expect(inside('-l')).toMatch(new RegExp(`RX:\\s+${seen.facts.channels.current.rx}\\n`));
    expect(seen.facts).toMatchObject({
      driver: { driver: 'veth' },
      channels: { max: { rx: 4, tx: 4 } },
      rss: null,
    });
    expect(
      inside('-S')
        .match(/^ +\S+(?=:)/gm)
        ?.map((name) => name.trim()),
    ).toEqual(seen.statistics);
    const ids = (type: string) =>
      seen.netdev?.filter((queue: { type: string }) => queue.type === type).length ?? 4;
    expect([ids('rx'), ids('tx')]).toEqual([4, 4]);
  });

  it('is the same process: a signal to it ends it', async () => {
    const child = spawn(process.execPath, [LOOK, NAME, 'four0', 'wait'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout, 'data');
    expect(JSON.parse(String(line)).pid).toBe(child.pid);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  it('is reached by a process in it, too', async () => {
    const inside = spawn('ip', ['netns', 'exec', NAME, 'sh', '-c', 'echo in; read x']);
    await once(inside.stdout, 'data');
    const { stdout } = await look(String(inside.pid), 'four1');
    inside.stdin.end();
    expect(JSON.parse(stdout).links).toContain('four1');
  });

  it('needs CAP_SYS_ADMIN, and says so', async () => {
    const unprivileged = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, LOOK, NAME];
    const { code, stdout } = await run('setpriv', unprivileged, { timeoutMs: 30_000 });
    expect([code, JSON.parse(stdout).code]).toEqual([77, 'EPERM']);
  });
});
