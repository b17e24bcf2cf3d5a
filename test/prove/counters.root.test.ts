/** What the kernel counts for an experiment, compared with connections that were really made. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCpuList } from '../../src/host/values.ts';
import { between, foreignEvents, openCounters } from '../../src/prove/counters.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

const NAME = `lt-prove-${process.pid}`;
beforeAll(() => {
  execFileSync('ip', ['netns', 'add', NAME]);
  execFileSync('ip', ['-n', NAME, 'link', 'set', 'lo', 'up']);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'del', NAME]);
});

const CONNECTIONS = 40;

/** Connections from and to this machine, on the port that it returns. */
async function serve(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await use(typeof address === 'object' ? (address?.port ?? 0) : 0);
  server.close();
}

async function connectTo(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resetAndDestroy();
}

const ELSEWHERE = `
  const { connect, createServer } = require('node:net');
  const [port, times] = process.argv.slice(1).map(Number);
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(port, '127.0.0.1', async () => {
    for (let made = 0; made < times; made++)
      await new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket.resetAndDestroy()));
      });
    server.close();
  });`;

it('says if connections to the same port of another network namespace were counted', () =>
  serve(async (port) => {
    const files = openFiles('/');
    const counters = await openCounters({
      files,
      kernel: openKernel(),
      groups: [],
      protocol: 'tcp',
      port,
      cpus: readCpuList(files, '/sys/devices/system/cpu/online') ?? [],
      per: 'connection',
    });
    try {
      const first = await counters.read();
      for (let made = 0; made < CONNECTIONS; made++) await connectTo(port);
      const second = await counters.read();
      const inside = ['netns', 'exec', NAME, process.execPath, '-e', ELSEWHERE, `${port}`, `${CONNECTIONS}`];
      execFileSync('ip', inside);
      const third = await counters.read();

      expect(between(first, second).connections).toBe(CONNECTIONS);
      expect(foreignEvents(first, second, { port, per: 'connection' })).toBeNull();
      expect(between(second, third).connections).toBe(CONNECTIONS);
      expect(foreignEvents(second, third, { port, per: 'connection' })).toMatch(
        new RegExp(
          `^connections of other network namespaces with a port ${port} were counted, too \\(${CONNECTIONS}, `,
        ),
      );
    } finally {
      counters.close();
    }
  }));
