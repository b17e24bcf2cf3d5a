import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSockets } from '../../src/host/sockets.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import { cli, cliJson } from '../integration/cli.ts';
import { makeCgroup, type TestCgroup } from './cgroups.ts';
import { type SocketProcess, startSockets } from './sockets.ts';

const slice = `ltwhose${process.pid}.slice`;
const id = 'c0ffee0123456789'.repeat(4);
let servers: readonly SocketProcess[];
let cgroups: readonly TestCgroup[];
const ended: Promise<void>[] = [];

beforeAll(() => {
  cgroups = [`${slice}/relay@a\\x2db.service`, `${slice}/docker-${id}.scope`].map(makeCgroup);
  servers = cgroups.map((cgroup) => {
    const server = startSockets();
    cgroup.add(server.pid);
    ended.push(server.ended);
    return server;
  });
});
afterAll(async () => {
  for (const server of servers) server.stop();
  await Promise.all(ended);
  for (const cgroup of cgroups) cgroup.remove();
});

it('the unit and the container of a worker are those of its control group', async () => {
  const [unit, container] = servers;
  const opened = await unit?.open('udp', '127.0.0.1', 0, 2);
  const port = opened?.[0]?.port ?? 0;
  await unit?.pollInThread(opened?.map(({ inode }) => inode) ?? []);
  const lone = await container?.open('tcp', '127.0.0.1', 0, 1, null);
  const system = { files: openFiles('/'), kernel: openKernel() };
  const read = await readSockets(system, 'x86_64', { port: null, slots: false, sampleSeconds: 0 });
  const group = read.groups.find((each) => each.port === port);
  expect(group?.sockets.map(({ owners }) => owners.map((owner) => owner.unit))).toEqual([
    ['relay@a\\x2db.service'],
    ['relay@a\\x2db.service'],
  ]);
  const found = read.lone.find((each) => each.port === lone?.[0]?.port);
  expect(found?.owners).toMatchObject([{ unit: null, container: { runtime: 'docker', id, pod: null } }]);

  const text = await cli('inspect', '--port', `${port}`, '--no-slots', '--sample', '0');
  expect(text).toMatchObject({ code: 0 });
  expect(text.stdout).toMatch(/^slot +socket +served by +unit, container /m);
  expect(text.stdout).toMatch(/ python3 \d+ (?:thread \d+ )? *relay@a\\x2db\.service /);
  const json = await cliJson<typeof read>('inspect', '--port', `${port}`, '--no-slots', '--sample', '0');
  expect(json.groups[0]?.sockets[0]?.owners).toMatchObject([
    { unit: 'relay@a\\x2db.service', container: null },
  ]);
});
