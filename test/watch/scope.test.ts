import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { askControl, lockFile } from '../../src/system/control-socket.ts';
import { runningWatchers, serveWatcher, sharedBy, type WatcherScope } from '../../src/watch/scope.ts';

const parent = mkdtempSync(join(tmpdir(), 'lt-scope-'));
const folder = join(parent, 'watch');
afterAll(() => rmSync(parent, { recursive: true }));

const scope = (interfaces: readonly string[], ports: readonly number[], netns = 1): WatcherScope => ({
  netns,
  interfaces,
  ports,
});

it('is shared where both have an interface or a port', () => {
  const shared = (one: WatcherScope, other: WatcherScope) => sharedBy(one, other);
  expect(shared(scope(['eth0'], [80]), scope(['eth1'], [443]))).toBeNull();
  expect(shared(scope(['eth0'], [80]), scope(['eth0', 'eth1'], [443]))).toBe('eth0');
  expect(shared(scope(['eth0'], [80]), scope(['eth1'], [80, 443]))).toBe('80');
  expect(shared(scope([], []), scope(['eth1'], [80]))).toBe('eth1 and 80');
  expect(shared(scope([], []), scope([], []))).toBe('all interfaces and all ports');
  expect(shared(scope([], []), scope([], [], 2))).toBeNull();
});

it('is shared by both or by none', () => {
  const some = fc.record({
    netns: fc.nat(1),
    interfaces: fc.array(fc.constantFrom('eth0', 'eth1', 'eth2')),
    ports: fc.array(fc.constantFrom(80, 443)),
  });
  fc.assert(
    fc.property(some, some, (one, other) => {
      expect(sharedBy(one, other) === null).toBe(sharedBy(other, one) === null);
      expect(sharedBy(one, one)).not.toBeNull();
    }),
  );
});

it('belongs to one watcher, which others find and ask', async () => {
  expect(await runningWatchers(folder)).toEqual({ answering: [], silent: [] });
  const mine = scope(['eth0'], [80]);
  const server = await serveWatcher(mine, (request) => ({ got: request }), folder);
  const [found] = (await runningWatchers(folder)).answering;
  expect(found).toEqual({ pid: process.pid, path: join(folder, `${process.pid}.sock`), scope: mine });
  expect(await askControl(found?.path ?? '', { pause: 30 })).toEqual({ got: { pause: 30 } });
  await expect(serveWatcher(scope([], [443]), () => null, folder)).rejects.toMatchObject({
    code: 'busy',
    message: `another watcher (pid ${process.pid}) already watches eth0`,
  });
  await server.close();
  expect(readdirSync(folder)).toEqual([]);
});

it('of a watcher that answers is known beside one that does not', async () => {
  const mine = scope(['eth0'], [80]);
  const server = await serveWatcher(mine, () => null, folder);
  const stopped = join(folder, '4194303.sock');
  // It ends each connection without a word, as a watcher that is killed then.
  const other = createServer((socket) => socket.once('data', () => socket.destroy()));
  await new Promise<void>((resolve) => other.listen(stopped, resolve));
  const { answering, silent } = await runningWatchers(folder);
  expect(answering).toMatchObject([{ pid: process.pid, scope: mine }]);
  expect(silent).toMatchObject([{ pid: 4_194_303, error: { code: 'silent' } }]);
  await new Promise((resolve) => other.close(resolve));
  await server.close();
});

it('is taken one after the other by watchers that start at the same moment', async () => {
  const order: string[] = [];
  const release = lockFile(join(folder, 'start.lock'));
  const second = serveWatcher(scope(['eth2'], [1]), () => null, folder).then((server) => {
    order.push('second');
    return server;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  order.push('first');
  release();
  await (await second).close();
  expect(order).toEqual(['first', 'second']);
});

it('of a watcher that was killed is free, and its socket is removed', async () => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A socket that nobody listens to any more.
  const path = join(folder, '4194304.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.x`, resolve));
  linkSync(`${path}.x`, path);
  await new Promise((resolve) => server.close(resolve));
  expect(await runningWatchers(folder)).toEqual({ answering: [], silent: [] });
  const own = await serveWatcher(scope([], []), () => null, folder);
  expect(readdirSync(folder).filter((name) => name.startsWith('4194304'))).toEqual([]);
  await own.close();
});
