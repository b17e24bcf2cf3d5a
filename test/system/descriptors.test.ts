import { createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProcesses, scanProcesses } from '../../src/host/processes.ts';
import { decodeDescriptors, KIND, readDescriptors } from '../../src/system/descriptors.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';

const rowsOf = (table: Uint32Array): readonly (readonly number[])[] =>
  Array.from({ length: table.length / 4 }, (_, at) => [...table.subarray(4 * at, 4 * at + 4)]);

describe('the descriptors of this process', () => {
  let server: Server;
  let inode = 0;
  const files = openFiles('/');
  const linksOf = (pattern: RegExp) =>
    files
      .list('/proc/self/fd')
      .flatMap((fd) => (pattern.test(files.link(`/proc/self/fd/${fd}`) ?? '') ? [Number(fd)] : []));

  beforeAll(async () => {
    server = createServer();
    const before = new Set(linksOf(/^socket:/));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const [fd] = linksOf(/^socket:/).filter((each) => !before.has(each));
    inode = Number(/\d+/.exec(files.link(`/proc/self/fd/${fd}`) ?? '')?.[0]);
  });
  afterAll(() => server.close());

  it('are those that its links name', async () => {
    const own = rowsOf(await readDescriptors()).filter(([pid]) => pid === process.pid);
    const ofKind = (wanted: number) =>
      own.flatMap(([, fd, kind]) => (kind === wanted ? [fd] : [])).sort((a = 0, b = 0) => a - b);
    const ascending = (fds: readonly number[]) => fds.toSorted((a, b) => a - b);
    expect(ofKind(KIND.socket)).toEqual(ascending(linksOf(/^socket:/)));
    expect(ofKind(KIND.epoll)).toEqual(ascending(linksOf(/^anon_inode:\[eventpoll\]$/)));
    expect(ofKind(KIND.ring)).toEqual(ascending(linksOf(/^anon_inode:\[io_uring\]$/)));
  });

  it('make the same processes as its links', async () => {
    const inodes = new Set([inode]);
    const found = await findProcesses({ files, kernel: openKernel() }, inodes);
    expect(found.byPid.get(process.pid)?.sockets.size).toBe(1);
    expect(found).toEqual(scanProcesses(openFiles('/'), inodes));
  });

  it('come by ascending pid', async () => {
    const pids = rowsOf(await readDescriptors()).map(([pid = 0]) => pid);
    expect(pids).toEqual(pids.toSorted((a, b) => a - b));
  });
});

it('takes any bytes for rows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(decodeDescriptors(bytes)).toHaveLength(4 * Math.floor(bytes.length / 16));
    }),
  );
});
