import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findOwners } from '../../src/host/owners.ts';
import { findProcesses } from '../../src/host/processes.ts';
import { openFiles } from '../../src/system/files.ts';
import { openKernel } from '../../src/system/kernel.ts';
import type { System } from '../../src/system/types.ts';
import { type SocketProcess, startSockets } from './sockets.ts';

const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;

async function ownersOf(system: System, arch: string, ...inodes: readonly number[]) {
  const owners = await findOwners(system, await findProcesses(system, new Set(inodes)), arch);
  return inodes.map((inode) => owners.get(inode) ?? []);
}

describe('the owners of a live process’s sockets', () => {
  const system: System = { files: openFiles('/'), kernel: openKernel() };
  let server: SocketProcess;
  beforeAll(() => {
    server = startSockets();
  });
  afterAll(() => server.stop());

  it('are the threads that block in accept, each with its own CPUs', async () => {
    const cpus = system.kernel?.affinity(0) ?? [];
    const cpu = cpus.at(-1) ?? 0;
    const [one, two] = await server.open('tcp', '127.0.0.1', 0, 2);
    if (one === undefined || two === undefined) throw new Error('no sockets');
    const tid = await server.acceptInThread(two.inode, cpu);
    expect(await ownersOf(system, machine, one.inode, two.inode)).toMatchObject([
      [{ pid: server.pid, tid: null, comm: 'python3', fd: one.fd, via: 'fd', cpus }],
      [{ pid: server.pid, tid, comm: 'python3', fd: two.fd, via: 'syscall', cpus: [cpu] }],
    ]);
    // A second thread on the same socket: it may be either.
    await server.acceptInThread(two.inode, cpu);
    expect(await ownersOf(system, machine, two.inode)).toMatchObject([
      [{ tid: null, via: 'syscall', cpus: [cpu] }],
    ]);
  });

  it('are found by epoll instance where threads share all descriptors', async () => {
    const [one, two] = await server.open('tcp', '127.0.0.1', 0, 2);
    if (one === undefined || two === undefined) throw new Error('no sockets');
    const tids = [await server.pollInThread([one.inode]), await server.pollInThread([two.inode])];
    expect(await ownersOf(system, machine, one.inode, two.inode)).toMatchObject([
      [{ tid: tids[0], via: 'epoll', fd: one.fd }],
      [{ tid: tids[1], via: 'epoll', fd: two.fd }],
    ]);
  });

  it('are the children that poll, not the parent that holds everything; two during a reload', async () => {
    const opened = await server.open('tcp', '127.0.0.1', 0, 3);
    const inodes = opened.map(({ inode }) => inode);
    const children = [];
    for (const inode of inodes) children.push(await server.forkAndPoll(inode));
    const young = await server.forkAndPoll(inodes[0] ?? 0);
    const owners = await ownersOf(system, machine, ...inodes);
    expect(owners.map((each) => each.map(({ pid, tid, via }) => [pid, tid, via]))).toEqual(
      children.map((child, index) => [
        [child, child, 'epoll'],
        ...(index === 0 ? [[young, young, 'epoll']] : []),
      ]),
    );
    const { holders } = await findProcesses(system, new Set(inodes));
    expect(holders.get(inodes[2] ?? 0)?.map(({ pid }) => pid)).toEqual([server.pid, ...children, young]);
  });
});

describe('the owners in a captured tree', () => {
  const root = mkdtempSync(join(tmpdir(), 'lt-owners-'));
  afterAll(() => rmSync(root, { recursive: true }));

  function put(path: string, content: string, write = writeFileSync): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    write(join(root, path), content);
  }
  const link = (path: string, target: string) =>
    put(path, target, (file, to) => symlinkSync(String(to), String(file)));

  it('come from what was captured: descriptors, epoll sets, system calls, Cpus_allowed_list', async () => {
    put('proc/40/comm', 'haproxy\n');
    for (const [fd, inode] of [
      [5, 901],
      [6, 902],
    ])
      link(`proc/40/fd/${fd}`, `socket:[${inode}]`);
    for (const [epoll, socket, inode, tid, cpus] of [
      [8, 5, 901, 40, '0'],
      [9, 6, 902, 41, '1-2,4'],
    ]) {
      link(`proc/40/fd/${epoll}`, 'anon_inode:[eventpoll]');
      // 4242: closed by this process, though a duplicate keeps it in the set.
      const targets = [
        `tfd: ${socket} events: 19 data: 5  pos:0 ino:${inode?.toString(16)} sdev:8`,
        'tfd: 3 events: 19 data: 5  pos:0 ino:1092 sdev:8',
      ];
      put(`proc/40/fdinfo/${epoll}`, `pos:\t0\n${targets.join('\n')}\n`);
      put(
        `proc/40/task/${tid}/syscall`,
        `281 0x${epoll?.toString(16)} 0x7f0 0xc8 0x3e8 0x0 0x8 0x7ffe 0x7f34\n`,
      );
      put(`proc/40/task/${tid}/status`, `Name:\thaproxy\nCpus_allowed_list:\t${cpus}\n`);
    }
    const system: System = { files: openFiles(root), kernel: null };
    put('proc/40/cgroup', '0::/system.slice/haproxy.service\n');
    const ours = { unit: 'haproxy.service', container: null };
    expect(await ownersOf(system, 'x86_64', 901, 902, 0x1092)).toEqual([
      [{ pid: 40, tid: 40, comm: 'haproxy', fd: 5, via: 'epoll', cpus: [0], ...ours }],
      [{ pid: 40, tid: 41, comm: 'haproxy', fd: 6, via: 'epoll', cpus: [1, 2, 4], ...ours }],
      [],
    ]);
    // Busy: the thread that waits for work from its pool does not serve.
    put('proc/40/task/41/syscall', 'running\n');
    put('proc/40/task/42/syscall', '202 0x7f0 0x80 0x0 0x0 0x0 0x0 0x7ffe 0x7f34\n');
    put('proc/40/task/42/status', 'Name:\thaproxy\nCpus_allowed_list:\t0-7\n');
    expect(await ownersOf(system, 'x86_64', 902)).toMatchObject([
      [{ tid: 41, via: 'epoll', cpus: [1, 2, 4] }],
    ]);
    // Held by its master and another worker only, as nginx does, a socket has nobody: neither will ever look at it.
    link('proc/39/fd/5', 'socket:[903]');
    put('proc/39/task/39/syscall', '130 0x7ffd 0x8 0x0 0x0 0x0 0x0 0x7ffe 0x7f34\n');
    link('proc/43/fd/5', 'socket:[903]');
    link('proc/43/fd/6', 'socket:[902]');
    link('proc/43/fd/8', 'anon_inode:[eventpoll]');
    put('proc/43/fdinfo/8', 'pos:\t0\ntfd: 6 events: 19 data: 5  pos:0 ino:386 sdev:8\n');
    for (const syscall of ['232 0x8 0x7f0 0x200 0xffffffff 0x0 0x8 0x7ffe 0x7f34\n', 'running\n']) {
      put('proc/43/task/43/syscall', syscall);
      expect(await ownersOf(system, 'x86_64', 902, 903)).toMatchObject([[{ pid: 40 }, { pid: 43 }], []]);
    }
    // An event loop that polls an io_uring may have asked for connections there.
    link('proc/43/fd/9', 'anon_inode:[io_uring]');
    expect(await ownersOf(system, 'x86_64', 903)).toMatchObject([[{ pid: 43, via: 'fd' }]]);
    rmSync(join(root, 'proc/43/fd/9'));
    // A master that does something else may do that, too.
    put('proc/39/task/39/syscall', 'running\n');
    expect(await ownersOf(system, 'x86_64', 902, 903)).toMatchObject([{}, [{ pid: 39, tid: 39, via: 'fd' }]]);
    // Of another architecture's system calls nothing is known: either thread may be it.
    expect(await ownersOf(system, 'unknown', 901)).toMatchObject([
      [{ tid: null, via: 'epoll', cpus: [0, 1, 2, 3, 4, 5, 6, 7] }],
    ]);
  });
});
