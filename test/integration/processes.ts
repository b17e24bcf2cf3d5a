/** Other processes as /proc shows them. One that ends meanwhile is one with nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { isErrno } from '../../src/system/errors.ts';

const unlessGone = <T>(read: () => T, gone: T): T => {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return gone;
    throw error;
  }
};

/** A file below `/proc/PID`; empty if the process is gone. */
export const ofProcess = (pid: number, file: string): string =>
  unlessGone(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'), '');

export function childrenOf(pid: number): number[] {
  const text = ofProcess(pid, `task/${pid}/children`).trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Neither gone nor a zombie that nobody has waited for. */
export const isRunning = (pid: number): boolean => /^State:\s+[^ZX]/m.test(ofProcess(pid, 'status'));

/** T (stopped) of proc(5). */
export const isStopped = (pid: number): boolean => /^State:\s+T/m.test(ofProcess(pid, 'status'));

/** Inodes of the TCP listeners of `port` that are in an epoll set of any of these processes, which share a network namespace. */
export function polledListeners(pids: readonly number[], port: number): Set<number> {
  const [first = 0] = pids;
  const listeners = new Set(
    ['net/tcp', 'net/tcp6'].flatMap((file) => listenersIn(ofProcess(first, file), port)),
  );
  return new Set(pids.flatMap(polledBy).filter((inode) => listeners.has(inode)));
}

/** Columns of proc_pid_net(5): number, local address, remote address, state (0A: LISTEN), ..., inode. */
const listenersIn = (table: string, port: number): number[] =>
  table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = '', , state]) => state === '0A' && Number.parseInt(local.split(':')[1] ?? '', 16) === port,
    )
    .map((columns) => Number(columns[9]));

/** What is in its epoll sets, by fdinfo: `tfd: 7 events: 19 data: 7 pos:0 ino:1f3a sdev:8`. */
const polledBy = (pid: number): number[] =>
  unlessGone(() => readdirSync(`/proc/${pid}/fdinfo`), []).flatMap((fd) =>
    Array.from(ofProcess(pid, `fdinfo/${fd}`).matchAll(/^tfd:.* ino:([0-9a-f]+)/gm), ([, inode = '']) =>
      Number.parseInt(inode, 16),
    ),
  );
