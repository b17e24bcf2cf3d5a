/** `--netns` with containers that the real podman and the real Docker run. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import { cliBehind } from './cli.ts';

const PORT = 5300;
const SERVER = `
import socket, time
kept = []
for _ in range(3):
    kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    kept[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    kept[-1].bind(('0.0.0.0', ${PORT}))
time.sleep(600)`;
/** No network: a namespace without any interface. The limits are those that a container may have that sets none. */
const RUN =
  'run --detach --name relay --network none --ulimit nofile=1000:1000 --ulimit nproc=1000:1000'.split(' ');
const CONTENT = ['--volume', '/usr:/usr:ro'];
const WORDS = ['/usr/bin/python3', '-c', SERVER];

let folder = '';
const inFolder = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lt-runtimes-'));
  for (const each of ['lib/docker', 'lib/containers/storage', 'run', 'rootfs/usr', 'rootfs/tmp'])
    mkdirSync(inFolder(each), { recursive: true });
  // /usr comes as a volume; these are links into it, on every Debian with a merged /usr.
  for (const each of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${each}`, inFolder('rootfs', each));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** As on a machine whose runtimes keep their files where the test had them write. */
function look(target: string) {
  const mounts = `mount --bind ${inFolder('lib')} /var/lib && exec "$@"`;
  const args = ['inspect', '--netns', target, '--port', `${PORT}`, '--no-slots', '--sample', '0', '-j'];
  return cliBehind(['unshare', '-m', 'sh', '-c', mounts, 'sh'], ...args);
}

async function expectFound(target: string, runtime: string, id: string): Promise<void> {
  const { code, stdout, stderr } = await look(target);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const groups: readonly Group[] = JSON.parse(stdout).groups;
  expect(groups.map(({ size }) => size)).toEqual([3]);
  expect(groups[0]?.sockets[0]?.owners[0]?.container).toMatchObject({ runtime, id, name: 'relay' });
}

/** The server in the container has opened its sockets. */
async function served(pid: string): Promise<void> {
  const sockets = () => execFileSync('cat', [`/proc/${pid}/net/udp`], { encoding: 'utf8' });
  while (sockets().split(`:${PORT.toString(16).toUpperCase()} `).length < 4) await sleep(100);
}

describe('podman', () => {
  const podman = (...args: string[]) => {
    const folders = ['--root', inFolder('lib/containers/storage'), '--runroot', inFolder('run/containers')];
    const how = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc', '--storage-driver', 'vfs'];
    return execFileSync('podman', [...folders, ...how, ...args], { encoding: 'utf8' }).trim();
  };
  let id = '';

  beforeAll(async () => {
    id = podman(...RUN, ...CONTENT, '--rootfs', inFolder('rootfs'), ...WORDS);
    await served(podman('inspect', '--format', '{{.State.Pid}}', id));
  });
  afterAll(() => podman('rm', '--force', '--time', '0', 'relay'));

  it('is found by name, by id and by the beginning of the id', async () => {
    for (const target of ['relay', id, id.slice(0, 12)]) await expectFound(target, 'podman', id);
  });
});

describe('Docker', () => {
  const docker = (...args: string[]) =>
    execFileSync('docker', args, {
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: `unix://${inFolder('run/docker.sock')}` },
    }).trim();
  let id = '';
  let ended: Promise<void>;
  let stop = () => {};

  beforeAll(async () => {
    // In a network namespace of its own, and without a bridge, so that it changes nothing of the machine's network.
    const folders = ['--data-root', inFolder('lib/docker'), '--exec-root', inFolder('run/docker')];
    const files = ['--pidfile', inFolder('run/pid'), '--host', `unix://${inFolder('run/docker.sock')}`];
    const network = ['--bridge', 'none', '--iptables=false', '--ip6tables=false'];
    const words = ['-n', 'dockerd', ...folders, ...files, ...network, '--storage-driver', 'vfs'];
    const daemon = spawn('unshare', words, { stdio: 'ignore' });
    ended = new Promise((resolve) => daemon.on('close', () => resolve()));
    stop = () => daemon.kill('SIGTERM');
    while (!existsSync(inFolder('run/docker.sock'))) await sleep(100);
    const image = inFolder('image.tar');
    execFileSync('tar', ['-C', inFolder('rootfs'), '-cf', image, '.']);
    docker('import', image, 'lt-runtimes');
    id = docker(...RUN, ...CONTENT, 'lt-runtimes', ...WORDS);
    await served(docker('inspect', '--format', '{{.State.Pid}}', id));
  });
  afterAll(async () => {
    docker('rm', '--force', 'relay');
    stop();
    await ended;
  });

  it('is found by name, by id and by the beginning of the id', async () => {
    for (const target of ['relay', id, id.slice(0, 12)]) await expectFound(target, 'docker', id);
  });
});
