/** Finds the processes that hold sockets, in one pass over /proc. */
import type { Files } from '../system/types.ts';
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

/**
 * Sockets are known by inode: `socket:[52341]` is the target of the descriptor's link (net/socket.c, sockfs_dname). A
 * process that ends meanwhile simply has fewer links.
 */
export function scanProcesses(files: Files, inodes: ReadonlySet<number>): Processes {
  const byPid = new Map<number, Process>();
  const holders = new Map<number, Holder[]>();
  const pids = files.list('/proc').map(Number).filter(Number.isInteger);
  for (const pid of pids.sort((a, b) => a - b)) {
    const process = scanProcess(files, pid, inodes);
    if (process === null) continue;
    byPid.set(pid, process);
    for (const [fd, inode] of process.sockets) pushTo(holders, inode, { pid, fd });
  }
  nameContainers(files, byPid);
  return { byPid, holders, unreadable: findUnreadable(files) };
}

/** The link of a process that ends in that moment is refused as well (fs/proc/base.c, proc_pid_readlink). */
function findUnreadable(files: Files): readonly number[] {
  const denied = files.denied.flatMap(({ path }) => DESCRIPTORS.exec(path)?.[1] ?? []);
  return [...new Set(denied)].filter((pid) => files.exists(`/proc/${pid}`)).map(Number);
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

const DESCRIPTORS = /^\/proc\/(\d+)\/fd(?:\/|$)/;
const SOCKET = /^socket:\[(\d+)\]$/;

function scanProcess(files: Files, pid: number, inodes: ReadonlySet<number>): Process | null {
  const sockets = new Map<number, number>();
  const epolls: number[] = [];
  let ring = false;
  for (const name of files.list(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${name}`;
    const target = files.link(path);
    // The kernel checks access per process, not per descriptor (fs/proc/base.c, proc_fd_access_allowed).
    if (target === null && files.denied.at(-1)?.path === path) break;
    if (target === 'anon_inode:[eventpoll]') epolls.push(Number(name));
    if (target === 'anon_inode:[io_uring]') ring = true;
    const inode = Number(SOCKET.exec(target ?? '')?.[1]);
    if (inodes.has(inode)) sockets.set(Number(name), inode);
  }
  if (sockets.size === 0) return null;
  const comm = files.text(`/proc/${pid}/comm`)?.trimEnd() ?? '';
  return { pid, comm, cgroup: readCgroup(files, pid), sockets, epolls, ring };
}
