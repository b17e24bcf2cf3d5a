/** The addon's functions, one per system call. Their arguments are described in the man pages. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from './errors.ts';
import { packageRoot } from './package.ts';

/** All throw SystemError, and TypeError for an argument of the wrong type. */
export interface Native {
  /**
   * Looks at sockets of other processes in a child (native/borrow.cc, which has the layouts): `requests` are struct
   * Request, the answers struct Answer; ETIMEDOUT for one that did not arrive within `timeoutMs`. EAGAIN if too many
   * children hang already.
   */
  borrow(requests: Uint8Array, indices: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /**
   * bpf(2). `buffers[0]` is union bpf_attr, and the kernel writes its answers into the buffers themselves. Each pointer
   * is [holder, offset, target]: the address of `buffers[target]` goes to `offset` in `buffers[holder]`. The sizes in the
   * attributes must not exceed those of the buffers: the kernel believes them.
   */
  bpf(
    command: number,
    buffers: readonly Uint8Array[],
    pointers: readonly (readonly [holder: number, offset: number, target: number])[],
  ): number;
  /** RLIMIT_MEMLOCK of this process: none, or without CAP_SYS_RESOURCE as far as the hard limit. */
  unlimitMemlock(): void;
  pidfdOpen(pid: number): number;
  pidfdGetfd(pidfd: number, fd: number): number;
  close(fd: number): void;
  getsockoptInt(fd: number, level: number, name: number): number;
  getsockoptU64(fd: number, level: number, name: number): bigint;
  /** SO_NETNS_COOKIE of this thread's network namespace. ENOPROTOOPT before Linux 5.14. */
  netnsCookie(): bigint;
  /** Raw struct sockaddr. */
  getsockname(fd: number): Uint8Array;
  /** `program`: an array of struct sock_filter, 8 bytes each. */
  attachReuseportCbpf(fd: number, program: Uint8Array): void;
  /** ENOENT if the group has no program. */
  detachReuseportBpf(fd: number): void;
  /** /proc/PID/fd of all processes (native/descriptors.cc, which has the layout). Throws if /proc cannot be listed. */
  descriptors(): Promise<Uint8Array>;
  schedGetaffinity(tid: number): number[];
  schedSetaffinity(tid: number, cpus: readonly number[]): void;
  /**
   * Sends `request` on a netlink socket of its own; resolves to all datagrams of the answer, one after another, up to
   * NLMSG_DONE or NLMSG_ERROR. The request must set one of the two: NLM_F_DUMP or NLM_F_ACK. ETIMEDOUT after 5 s of
   * silence, EINTR if the dump repeatedly changed while it was read.
   */
  netlinkRequest(protocol: number, request: Uint8Array): Promise<Uint8Array>;
  /** SIOCETHTOOL; resolves to `request` as the kernel changed it, of the same length. */
  ethtoolIoctl(device: string, request: Uint8Array): Promise<Uint8Array>;
  /** Does not return. `environment`: "NAME=value". `kept`: descriptors that stay open besides 0, 1 and 2. */
  execve(
    file: string,
    args: readonly string[],
    environment: readonly string[],
    kept: readonly number[],
  ): void;
  /** setns(2) of the calling thread to the namespace of a file; `type` is its CLONE_NEW* flag, or 0. */
  setns(path: string, type: number): void;
  /** unshare(2) of the calling thread. */
  unshare(flags: number): void;
  /** mount(2) without data. */
  mount(source: string, target: string, type: string, flags: number): void;
  /** A descriptor of a file in memory that holds `bytes`. */
  memfd(bytes: Uint8Array): number;
  /**
   * A thread that waits for netlink sockets, fanotify groups and epoll sets, and hands over each datagram, each record of
   * an event (struct Header of native/fanotify.cc), and the descriptors that are ready (an array of int32_t). `bytes` is null for a read that failed with `errno` (negative); `ended`: the
   * descriptor is not waited for any more. Does not keep the process alive. Returns a function that stops the thread;
   * the caller closes the descriptors, after that.
   */
  listen(
    sockets: readonly number[],
    groups: readonly number[],
    sets: readonly number[],
    heard: (fd: number, bytes: Uint8Array | null, errno: number, ended: boolean) => void,
  ): () => void;
  /**
   * A netlink socket in multicast groups (an array of uint32_t) whose datagrams pass `filter`, an array of struct
   * sock_filter; empty: all of them.
   */
  netlinkJoin(protocol: number, groups: Uint8Array, filter: Uint8Array): number;
  /** FAN_CLASS_NOTIF. EPERM without CAP_SYS_ADMIN, ENOSYS if the kernel is built without fanotify. */
  fanotifyInit(): number;
  fanotifyMark(group: number, flags: number, mask: number, path: string): void;
  /** To a socket of AF_UNIX; `address`: sun_path. EAGAIN if its queue stays full for 1 s. */
  sendDatagram(address: Uint8Array, bytes: Uint8Array): void;
  /** malloc_trim(3): gives the kernel back what was freed. */
  trimMemory(): void;
  /** MADV_DONTNEED on all that the program and its libraries map of their files and cannot write: a page that is used again comes back. */
  forgetCode(): void;
  /** flock(2) that never waits: EAGAIN if another process has the lock. */
  flock(fd: number, operation: number): void;
  epollCreate(): number;
  /** EPOLLIN | EPOLLONESHOT */
  epollAdd(set: number, fd: number): void;
  /**
   * A descriptor that counts the hits of a tracepoint on one CPU; `filter` as in tracefs, empty: every hit. read(2) gives
   * the count as uint64_t. EACCES by kernel.perf_event_paranoid, EINVAL for a filter that does not fit.
   */
  perfTracepoint(id: number, cpu: number, filter: string): number;
  /**
   * A descriptor that counts a PERF_COUNT_HW_* event on one CPU. read(2) gives three uint64_t: the count, and for how long
   * it was enabled and really counted. ENOENT: there is no PMU, or it cannot count this.
   */
  perfHardware(event: number, cpu: number): number;
}

let loaded: Native | undefined;

/** Loads the addon at first use; `--help` and the pure commands never need it. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const addon = join(packageRoot, `prebuilds/linux-${process.arch}.node`);
  if (!existsSync(addon)) {
    throw failure('addon-missing', `${addon} is missing`, 'build it: npm ci && npm run build');
  }
  // Does what require() does; an ES module would have to import that from node:module, which takes 1 ms.
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, addon);
  return module.exports as Native;
}
