/** Can the workers of a group be pinned to a CPU each? Findings and plans refuse for the same reasons. */
import type { Group, GroupSocket, Owner } from '../host/types.ts';
import { threadOf } from './workers.ts';

/** The thread that serves a socket, or the process if it has many threads. */
export function soleOwner({ owners }: GroupSocket): Owner | null {
  const [first, ...others] = owners;
  return first !== undefined && others.every((other) => threadOf(other) === threadOf(first)) ? first : null;
}

/** null: it may run on several CPUs, or that is not known. */
export function pinnedTo({ cpus }: Owner): number | null {
  return cpus?.length === 1 ? (cpus[0] ?? null) : null;
}

/** Why not: one or more sentences. Pinning half of a group does not help, so one obstacle leaves all unpinned. */
export function whyUnpinnable({ size, sockets }: Group): string | null {
  const unknown = sockets.filter((socket) => soleOwner(socket) === null);
  const none = unknown.filter(({ owners }) => owners.length === 0).length;
  if (none > 0) return `The workers of ${none} of its ${size} sockets are not known, so no worker is pinned.`;
  if (unknown.length > 0)
    return 'Several processes serve one socket, so no worker is pinned: give each a socket of its own.';
  const unreadable = sockets.flatMap(({ owners }) => owners).find(({ cpus }) => cpus === null);
  if (unreadable !== undefined)
    return `The affinity of ${unreadable.comm} ${unreadable.pid} could not be read, so no worker is pinned.`;
  return null;
}
