/** Finds the processes that hold sockets, in one pass over /proc. */
import { KIND } from '../system/descriptors.ts';
import type { DescriptorTable, Files, System } from '../system/types.ts';
import { type Cgroup, readCgroup } from './cgroup.ts';
import { named, readContainerNames } from './container-names.ts';
import { pushTo } from './multimap.ts';

export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

export interface Process {
  readonly pid: number;
  readonly comm: string;
  readonly cgroup: Cgroup;
  /** The sockets of interest by descriptor: fd -> inode. */
  readonly sockets: ReadonlyMap<number, number>;
  /** Descriptors of its epoll instances. */
  readonly epolls: readonly number[];
  /** It has an io_uring, whose requests (such as accepts) cannot be seen from outside. */
  readonly ring: boolean;
}

export interface Processes {
  /** Only those that hold a socket of interest, by pid. */
  readonly byPid: ReadonlyMap<number, Process>;
  /** By inode. */
  readonly holders: ReadonlyMap<number, readonly Holder[]>;
  /** Pids of those whose descriptors could not be read (that needs their uid, or CAP_SYS_PTRACE). */
  readonly unreadable: readonly number[];
}

/** Who holds these sockets. A process that ends meanwhile simply has fewer descriptors. */
export async function findProcesses(
  { files, kernel }: System,
  inodes: ReadonlySet<number>,
): Promise<Processes> {
  if (kernel === null) return scanProcesses(files, inodes);
  return toProcesses(files, fromTable(await kernel.descriptors(), inodes));
}

/** The same from the links in /proc/PID/fd. */
export function scanProcesses(files: Files, inodes: ReadonlySet<number>): Processes {
  const pids = files.list('/proc').map(Number).filter(Number.isInteger);
  const held = pids.sort((a, b) => a - b).map((pid) => scanLinks(files, pid, inodes));
  const denied = files.denied.flatMap(({ path }) => DESCRIPTORS.exec(path)?.[1] ?? []);
  return toProcesses(files, { held, denied: new Set(denied.map(Number)) });
}

interface Held extends Pick<Process, 'pid' | 'sockets' | 'epolls' | 'ring'> {}

interface Links {
  readonly held: readonly Held[];
  /** Pids of those whose links the kernel refused. */
  readonly denied: ReadonlySet<number>;
}

function toProcesses(files: Files, { held, denied }: Links): Processes {
  const byPid = new Map<number, Process>();
  const holders = new Map<number, Holder[]>();
  for (const { pid, sockets, ...more } of held) {
    if (sockets.size === 0) continue;
    const comm = files.text(`/proc/${pid}/comm`)?.trimEnd() ?? '';
    byPid.set(pid, { pid, comm, cgroup: readCgroup(files, pid), sockets, ...more });
    for (const [fd, inode] of sockets) pushTo(holders, inode, { pid, fd });
  }
  nameContainers(files, byPid);
  // The link of a process that ends in that moment is refused as well (fs/proc/base.c, proc_pid_readlink).
  const unreadable = [...denied].filter((pid) => files.exists(`/proc/${pid}`));
  return { byPid, holders, unreadable };
}

function fromTable(table: DescriptorTable, inodes: ReadonlySet<number>): Links {
  const held: Held[] = [];
  const denied = new Set<number>();
  for (let row = 0; row < table.length; ) {
    const pid = table[row] ?? 0;
    const sockets = new Map<number, number>();
    const epolls: number[] = [];
    let ring = false;
    for (; table[row] === pid; row += COLUMNS) {
      const [fd, kind, inode] = [table[row + 1] ?? 0, table[row + 2], table[row + 3] ?? 0];
      if (kind === KIND.denied) denied.add(pid);
      if (kind === KIND.socket && inodes.has(inode)) sockets.set(fd, inode);
      if (kind === KIND.epoll) epolls.push(fd);
      if (kind === KIND.ring) ring = true;
    }
    held.push({ pid, sockets, epolls, ring });
  }
  return { held, denied };
}

function nameContainers(files: Files, byPid: Map<number, Process>): void {
  const ids = new Set([...byPid.values()].flatMap(({ cgroup }) => cgroup.container?.id ?? []));
  if (ids.size === 0) return;
  const names = new Map(readContainerNames(files, ids).map((each) => [each.id, each]));
  for (const [pid, process] of byPid) {
    const { container } = process.cgroup;
    if (container !== null)
      byPid.set(pid, { ...process, cgroup: { ...process.cgroup, container: named(container, names) } });
  }
}

/**
 * Does /proc show every process of its pid namespace, names included? Process 1 is there always; mounted with hidepid=1 it
 * can't be read, with hidepid=2 it is not listed (Documentation/filesystems/proc.rst).
 */
export const showsAllProcesses = (files: Files): boolean => files.text('/proc/1/comm') !== null;

const COLUMNS = 4;
const DESCRIPTORS = /^\/proc\/(\d+)\/fd(?:\/|$)/;
const SOCKET = /^socket:\[(\d+)\]$/;

/**
 * Sockets are known by inode: `socket:[52341]` is the target of the descriptor's link (net/socket.c, sockfs_dname).
 */
function scanLinks(files: Files, pid: number, inodes: ReadonlySet<number>): Held {
  const sockets = new Map<number, number>();
  const epolls: number[] = [];
  let ring = false;
  const fds = files.list(`/proc/${pid}/fd`).map(Number);
  for (const fd of fds.sort((a, b) => a - b)) {
    const path = `/proc/${pid}/fd/${fd}`;
    const target = files.link(path);
    // The kernel checks access per process, not per descriptor (fs/proc/base.c, proc_fd_access_allowed).
    if (target === null && files.denied.at(-1)?.path === path) break;
    if (target === 'anon_inode:[eventpoll]') epolls.push(fd);
    if (target === 'anon_inode:[io_uring]') ring = true;
    const inode = Number(SOCKET.exec(target ?? '')?.[1]);
    if (inodes.has(inode)) sockets.set(fd, inode);
  }
  return { pid, sockets, epolls, ring };
}
