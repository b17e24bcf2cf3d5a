/**
 * Finds the processes that really serve a socket. Holding it proves nothing: with nginx the master and every worker
 * hold every listener. In order of evidence: it is in the process's epoll set; a thread blocks in accept or recv on it;
 * it is held.
 */
import type { Files, System } from '../system/types.ts';
import { allowedCpus } from './affinity.ts';
import type { Cpus } from './cpus.ts';
import { parseEpoll } from './epoll.ts';
import { pushTo } from './multimap.ts';
import type { Process, Processes } from './processes.ts';
import { listThreads, sampleThreads, type Threads } from './threads.ts';
import type { Owner, OwnerVia } from './types.ts';

interface Server {
  readonly process: Process;
  /** epoll descriptor -> inode -> socket descriptor. */
  readonly polled: ReadonlyMap<number, ReadonlyMap<number, number>>;
  readonly threads: Threads;
}

const SAMPLES = 5;
const PAUSE_MS = 10;

/** That of node:timers/promises, which `inspect` would wait 5 ms for. */
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * By inode. Two processes that poll one socket (during a reload) are both owners. If no process polls it or blocks on
 * it, every holder with a thread that could is an owner, `via: 'fd'`: poll, select and io_uring cannot be seen, and a
 * blocking server may be busy. A socket whose worker has died, and that a master keeps open, has none.
 *
 * `tid` is the waiting thread; a runtime that passes one epoll instance from thread to thread (Go) shows one of them.
 * If it is null, `cpus` is the union over all candidates. `arch` as `uname -m` prints it.
 */
export async function findOwners(
  system: System,
  processes: Processes,
  arch: string,
): Promise<ReadonlyMap<number, readonly Owner[]>> {
  const servers = await watch(system, processes, arch);
  const allowed = new Map(
    servers.flatMap(({ threads: { pid, tids } }) =>
      tids.map((tid) => [tid, allowedCpus(system, pid, tid)] as const),
    ),
  );
  const owners = new Map<number, Owner[]>();
  const add = (inode: number, process: Process, fd: number, via: OwnerVia, tids: readonly number[]) => {
    const { pid, comm, cgroup } = process;
    const [only = null, ...others] = tids;
    const cpus = union(tids.map((tid) => allowed.get(tid) ?? null));
    pushTo(owners, inode, { pid, tid: others.length > 0 ? null : only, comm, fd, via, cpus, ...cgroup });
  };

  for (const { process, polled, threads } of servers) {
    const polledHere = new Set<number>();
    for (const [epoll, sockets] of polled)
      for (const [inode, fd] of sockets) {
        polledHere.add(inode);
        add(inode, process, fd, 'epoll', [...(threads.epoll.get(epoll) ?? busyElseAny(threads))]);
      }
    for (const [fd, inode] of process.sockets) {
      const blocked = threads.socket.get(fd);
      if (blocked !== undefined && !polledHere.has(inode)) add(inode, process, fd, 'syscall', [...blocked]);
    }
  }
  const served = new Set(owners.keys());
  for (const server of servers) {
    const mayServe = unexplained(server);
    if (mayServe.length === 0 && server.threads.tids.length > 0) continue;
    for (const [inode, fd] of byInode(server.process))
      if (!served.has(inode)) add(inode, server.process, fd, 'fd', mayServe);
  }
  return owners;
}

/** A busy thread shows no system call, so threads that were not seen waiting are checked again, for at most 40 ms. */
async function watch(
  { files, kernel }: System,
  processes: Processes,
  arch: string,
): Promise<readonly Server[]> {
  const servers = [...processes.byPid.values()].map(
    (process): Server => ({
      process,
      polled: readPolled(files, process),
      threads: listThreads(files, process.pid),
    }),
  );
  const polled = new Set(
    servers.flatMap((server) => [...server.polled.values()].flatMap((set) => [...set.keys()])),
  );
  const isOpen = ({ process, polled: mine, threads }: Server) =>
    (threads.tids.length > 1 && [...mine.keys()].some((epoll) => !threads.epoll.has(epoll))) ||
    [...process.sockets].some(([fd, inode]) => !polled.has(inode) && !threads.socket.has(fd));

  let open = servers.filter(isOpen);
  for (let sample = 0; sample < (kernel === null ? 1 : SAMPLES) && open.length > 0; sample++) {
    if (sample > 0) await sleep(PAUSE_MS);
    for (const { threads } of open) sampleThreads(files, arch, threads);
    open = open.filter(isOpen);
  }
  return servers;
}

/**
 * A closed descriptor stays in the epoll set while a duplicate exists, so only descriptors that the process still holds
 * count.
 */
function readPolled(files: Files, process: Process): Server['polled'] {
  const held = new Set(process.sockets.values());
  const polled = new Map<number, ReadonlyMap<number, number>>();
  for (const epoll of process.epolls) {
    const watched = parseEpoll(files.text(`/proc/${process.pid}/fdinfo/${epoll}`) ?? '');
    const sockets = new Map(
      watched.filter(({ inode }) => held.has(inode)).map(({ inode, fd }) => [inode, fd]),
    );
    if (sockets.size > 0) polled.set(epoll, sockets);
  }
  return polled;
}

/** For a process that duplicated a socket, the first descriptor. */
function byInode({ sockets }: Process): ReadonlyMap<number, number> {
  const first = new Map<number, number>();
  for (const [fd, inode] of sockets) if (!first.has(inode)) first.set(inode, fd);
  return first;
}

/**
 * The threads that serve an epoll instance on which none was seen waiting: its thread is busy. Sleeping threads of a
 * pool are not it, and their CPUs do not count.
 */
function busyElseAny({ tids, running, epoll, socket }: Threads): readonly number[] {
  const elsewhere = new Set([...epoll.values(), ...socket.values()].flatMap((waiters) => [...waiters]));
  const candidates = tids.filter((tid) => !elsewhere.has(tid));
  const busy = candidates.filter((tid) => running.has(tid));
  return busy.length > 0 ? busy : candidates;
}

/**
 * Threads that may serve a socket in a way that cannot be seen. Not those that wait for a signal or a child, and not
 * event loops, whose sockets are in their epoll sets. If no thread waits on an instance, its loop is among the busy
 * threads. A loop that polls an io_uring may serve any socket.
 */
function unexplained({ process, polled, threads: { tids, epoll, signal } }: Server): readonly number[] {
  if (process.ring) return tids;
  const loops = new Set([...epoll.values()].flatMap((waiters) => [...waiters]));
  const others = tids.filter((tid) => !loops.has(tid) && !signal.has(tid));
  const busyLoops = [...polled.keys()].filter((instance) => !epoll.has(instance)).length;
  return others.length > busyLoops ? others : [];
}

/** null if no thread could be read. */
function union(sets: readonly (Cpus | null)[]): Cpus | null {
  const known = sets.filter((cpus) => cpus !== null);
  return known.length === 0 ? null : [...new Set(known.flat())].sort((a, b) => a - b);
}
