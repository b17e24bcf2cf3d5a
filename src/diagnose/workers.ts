/** Counts and names the processes that serve sockets; a process with several sockets counts once. */
import type { Group, GroupSocket, Owner } from '../host/types.ts';
import { count, names } from '../words/phrase.ts';

/** A thread that waits on sockets; threads of a process that could not be distinguished count as one. */
export function threadOf({ pid, tid }: Owner): string {
  return `${pid}/${tid ?? ''}`;
}

/** The number of workers for the kernel to choose from: one thread may serve several members of a group. */
export function countWorkers({ size, sockets }: Group): number {
  const owners = sockets.flatMap((socket) => socket.owners);
  const known =
    sockets.every((socket) => socket.owners.length > 0) && owners.every(({ tid }) => tid !== null);
  return known ? Math.min(size, new Set(owners.map(threadOf)).size) : size;
}

/** `nginx 29333`, `haproxy 2102 (4 threads)`, `python3 2102 (3 sockets)`: an owner is one socket's. */
export function workerNames(owners: readonly Owner[]): readonly string[] {
  const processes = Map.groupBy(owners, ({ comm, pid }) => `${comm} ${pid}`);
  return [...processes].map(([process, of]) => {
    const threads = new Set(of.map(threadOf)).size;
    if (threads > 1) return `${process} (${count(threads, 'thread')})`;
    return of.length > 1 ? `${process} (${count(of.length, 'socket')})` : process;
  });
}

/** `nginx 29333`, `haproxy 2102 thread 2105`. */
export function ownerName({ owners }: GroupSocket): string {
  const [only, another] = owners;
  if (only === undefined) return 'no process';
  if (another !== undefined) return names(workerNames(owners));
  const thread = only.tid === null || only.tid === only.pid ? '' : ` thread ${only.tid}`;
  return `${only.comm} ${only.pid}${thread}`;
}

/** `slot 3 (nginx 29333)`; by its inode if the slot would be a guess. */
export function memberName(socket: GroupSocket): string {
  const name = socket.slotSource === 'kernel' ? `slot ${socket.slot}` : `socket ${socket.inode}`;
  return `${name} (${ownerName(socket)})`;
}

/** Why the workers of a group get no CPU of their own; null if they can. */
export const tooManyWorkers = (workers: number, cpus: number): string | null =>
  workers <= cpus
    ? null
    : `${workers} workers for ${cpus} CPUs: none is pinned, because some would share a CPU. Use ${cpus} workers.`;
