/** What a thread waits for, by its blocking system call. */
import type { Files } from '../system/types.ts';

/**
 * `epoll` and `socket` carry the call's first argument, a descriptor; `running`: on a CPU, or about to be; `signal`:
 * waits for a signal or a child, so it serves no socket.
 */
export type Waits =
  | { readonly on: 'epoll' | 'socket'; readonly fd: number }
  | { readonly on: 'running' | 'signal' | 'other' };

interface Calls {
  readonly epoll: ReadonlySet<number>;
  readonly socket: ReadonlySet<number>;
  readonly signal: ReadonlySet<number>;
}

/**
 * arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. epoll: epoll_wait, epoll_pwait,
 * epoll_pwait2; socket: read, recvfrom, recvmsg, accept, accept4, recvmmsg; signal: pause, wait4, rt_sigtimedwait,
 * rt_sigsuspend, waitid. poll and select have their descriptors in the process's memory, io_uring in its ring, so they
 * cannot be seen.
 */
const X86_64: Calls = {
  epoll: new Set([232, 281, 441]),
  socket: new Set([0, 43, 45, 47, 288, 299]),
  signal: new Set([34, 61, 128, 130, 247]),
};
const GENERIC: Calls = {
  epoll: new Set([22, 441]),
  socket: new Set([63, 202, 207, 212, 242, 243]),
  signal: new Set([95, 133, 137, 260]),
};

const CALLS: ReadonlyMap<string, Calls> = new Map([
  ['x86_64', X86_64],
  ['aarch64', GENERIC],
  ['riscv64', GENERIC],
  ['loongarch64', GENERIC],
]);

/** `text` is /proc/PID/task/TID/syscall (fs/proc/base.c, proc_pid_syscall), `arch` as `uname -m` prints it. */
export function parseSyscall(text: string, arch: string): Waits {
  if (text.startsWith('running')) return { on: 'running' };
  const [, number, argument] = /^(\d+) 0x([0-9a-f]+) /.exec(text) ?? [];
  const calls = CALLS.get(arch);
  if (number === undefined || argument === undefined || calls === undefined) return { on: 'other' };
  if (calls.signal.has(Number(number))) return { on: 'signal' };
  const on = calls.epoll.has(Number(number)) ? 'epoll' : calls.socket.has(Number(number)) ? 'socket' : null;
  // A descriptor is an int: the register's upper half is undefined.
  return on === null ? { on: 'other' } : { on, fd: Number.parseInt(argument.slice(-8), 16) };
}

/**
 * The threads of one process: those that were seen waiting on a descriptor (fd -> tids), running, or waiting for a
 * signal.
 */
export interface Threads {
  readonly pid: number;
  readonly tids: readonly number[];
  readonly running: Set<number>;
  readonly signal: Set<number>;
  readonly epoll: Map<number, Set<number>>;
  readonly socket: Map<number, Set<number>>;
}

export function listThreads(files: Files, pid: number): Threads {
  const tids = files.list(`/proc/${pid}/task`).map(Number);
  return {
    pid,
    tids: tids.sort((a, b) => a - b),
    running: new Set(),
    signal: new Set(),
    epoll: new Map(),
    socket: new Map(),
  };
}

/** Adds what the threads wait for now to what was seen before. */
export function sampleThreads(files: Files, arch: string, seen: Threads): void {
  for (const tid of seen.tids) {
    const waits = parseSyscall(files.text(`/proc/${seen.pid}/task/${tid}/syscall`) ?? '', arch);
    // If the system calls of this architecture are not known, waiting threads cannot be distinguished from others.
    if (waits.on === 'running' && CALLS.has(arch)) seen.running.add(tid);
    if (waits.on === 'signal') seen.signal.add(tid);
    if (waits.on !== 'epoll' && waits.on !== 'socket') continue;
    const waiters = seen[waits.on].get(waits.fd);
    if (waiters === undefined) seen[waits.on].set(waits.fd, new Set([tid]));
    else waiters.add(tid);
  }
}
