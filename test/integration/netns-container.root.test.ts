/** `--netns` with what people call containers: real namespaces and control groups, and the files that runtimes keep. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import { makeCgroup, type TestCgroup } from '../host/cgroups.ts';
import { type SocketProcess, startSockets } from '../host/sockets.ts';
import { cliBehind } from './cli.ts';

const PORT = 5300;
const own = `ltcontainer${process.pid}.slice`;
const id = (start: string) => start.padEnd(64, '0123456789abcdef');
const [docker, podman, cri] = [id('d0c0'), id('90d0'), id('c010')];
const uid = '6f1c2a5e-0b4d-4d0e-9d57-1f2f6a7b8c9d';
const GROUPS = [
  `${own}/docker-${docker}.scope`,
  `${own}/libpod-${podman}.scope`,
  `${own}/kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${cri}.scope`,
];
const FILES: Readonly<Record<string, unknown>> = {
  [`lib/docker/containers/${docker}/config.v2.json`]: { Name: '/web', Config: { Hostname: 'front' } },
  'lib/containers/storage/overlay-containers/containers.json': [{ id: podman, names: ['relay'] }],
  [`run/containerd/io.containerd.runtime.v2.task/k8s.io/${cri}/config.json`]: {
    annotations: {
      'io.kubernetes.cri.container-name': 'nginx',
      'io.kubernetes.cri.sandbox-name': 'web-0',
      'io.kubernetes.cri.sandbox-namespace': 'shop',
    },
  },
};

let folder = '';
let cgroups: readonly TestCgroup[] = [];
let servers: readonly SocketProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-containers-'));
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(content));
  }
  cgroups = GROUPS.map(makeCgroup);
  servers = cgroups.map((cgroup) => {
    const server = startSockets(['unshare', '-n']);
    cgroup.add(server.pid);
    return server;
  });
  // As many sockets as the number of the container, so that each namespace is known by its group.
  await Promise.all(servers.map((server, at) => server.open('udp', '0.0.0.0', PORT, at + 2)));
});
afterAll(async () => {
  for (const server of servers) server.stop();
  await Promise.all(servers.map(({ ended }) => ended));
  for (const cgroup of cgroups) cgroup.remove();
  rmSync(folder, { recursive: true });
});

/** With the files of the test in place of those of this machine's runtimes, in a mount namespace of its own. */
const ask = (...args: string[]) => {
  const mounts = `mount --bind ${folder}/lib /var/lib && mount --bind ${folder}/run /run && exec "$@"`;
  return cliBehind(['unshare', '-m', 'sh', '-c', mounts, 'sh'], ...args);
};
const look = (target: string) =>
  ask('inspect', '--netns', target, '--port', `${PORT}`, '--no-slots', '--sample', '0', '-j');

describe('--netns', () => {
  it.each([
    ['web', 2],
    ['front', 2],
    [docker, 2],
    [docker.slice(0, 12), 2],
    ['d0c0', 2],
    ['relay', 3],
    [podman.slice(0, 5), 3],
    ['web-0', 4],
    ['shop/web-0', 4],
    ['nginx', 4],
    [uid, 4],
    ['c010', 4],
  ])('%s enters the namespace with %i sockets', async (target, size) => {
    const { code, stdout, stderr } = await look(target);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const groups: readonly Group[] = JSON.parse(stdout).groups;
    expect(groups.map(({ id, size }) => [id, size])).toEqual([[`udp 0.0.0.0:${PORT}`, size]]);
  });

  it('shows the names beside the workers', async () => {
    const args = ['--netns', 'web-0', '--port', `${PORT}`, '--no-slots', '--sample', '0'];
    const { stdout } = await ask('inspect', ...args);
    expect(stdout).toMatch(/python3 \d+ .*pod shop\/web-0 \(nginx\)/);
    const named = JSON.parse((await look('web')).stdout).groups[0].sockets[0].owners[0];
    expect(named.container).toEqual({ runtime: 'docker', id: docker, pod: null, name: 'web', podName: null });
  });

  it('says what it tried', async () => {
    const { code, stdout, stderr } = await ask('inspect', '--netns', 'none-such');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^locality-tune: --netns none-such: no such network namespace, process or running container; tried names of ip netns \(none\), pids, ids of containers \(.*docker d0c001234567 web \(pid \d+\).*\), and their names in \/var\/lib\/docker\/containers, .*\n$/,
    );
  });

  it('lists those that fit, and chooses none', async () => {
    const other = makeCgroup(`${own}/docker-${id('d0c0f')}.scope`);
    const server = startSockets(['unshare', '-n']);
    other.add(server.pid);
    // In a network namespace of its own by now.
    await server.open('udp', '0.0.0.0', PORT, 1);
    const [short, longer] = [await look('d0c0'), await look('d0c0f')];
    server.stop();
    await server.ended;
    other.remove();
    expect(longer.code).toBe(0);
    expect(short.code).toBe(1);
    const { error } = JSON.parse(short.stdout);
    expect(error).toMatchObject({
      code: 'ambiguous-netns',
      message: '--netns d0c0: 2 running containers fit',
    });
    expect(error.hint).toMatch(
      /^name one of them by more of its id, or by a pid: (?=.*docker d0c001234567 web \(pid \d+\))(?=.*docker d0c0f0123456 \(pid \d+\))/,
    );
  });

  it('prints commands that name the container again', async () => {
    const { code, stderr } = await ask('attach', '--port', `${PORT}`, '--udp', '--netns', 'web');
    expect(code).toBe(1);
    const [, printed = ''] = /`(locality-tune plan [^`]+)`/.exec(stderr) ?? [];
    expect(printed).toBe(`locality-tune plan --port ${PORT} --udp --netns web`);
    const again = await ask(...printed.split(' ').slice(1), '-j');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(again.stdout).schema).toBe('locality-tune.plan/1');
  });
});
