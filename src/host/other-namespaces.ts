/** Looks in the network namespaces of other processes for a port that is not served here. */
import type { Files } from '../system/types.ts';
import { PROC_NET } from './listeners.ts';
import { parseProcNet } from './proc-net.ts';

const NAMED = 3;

/**
 * Where else `port` is served: one sentence for each of the first namespaces, with a process in it. Looks at every
 * process once, so only for a port that was requested and not found.
 */
export function findElsewhere(files: Files, port: number): string[] {
  const seen = new Set([files.link('/proc/self/ns/net')]);
  const notes: string[] = [];
  for (const pid of files.list('/proc').filter((name) => /^\d+$/.test(name))) {
    const namespace = files.link(`/proc/${pid}/ns/net`);
    if (namespace === null || seen.has(namespace)) continue;
    seen.add(namespace);
    const protocols = servedThere(files, pid, port);
    if (protocols.length === 0) continue;
    const comm = files.text(`/proc/${pid}/comm`)?.trimEnd() ?? '';
    notes.push(
      `${protocols.join(' and ')} port ${port} is served in another network namespace, that of process ${pid} (${comm}): look there with --netns ${pid}`,
    );
  }
  const more = notes.length - NAMED;
  return more > 0
    ? [...notes.slice(0, NAMED), `port ${port} is served in ${more} further network namespaces`]
    : notes;
}

/** Is it one of those sentences? */
export function isElsewhere(note: string): boolean {
  return / is served in (another|\d+ further) network namespaces?/.test(note);
}

/** /proc/PID/net shows that process's namespace. */
function servedThere(files: Files, pid: string, port: number): string[] {
  const protocols = PROC_NET.flatMap(({ name, protocol, family }) =>
    parseProcNet(protocol, family, files.text(`/proc/${pid}/net/${name}`) ?? '')
      .filter((socket) => socket.port === port && socket.peerPort === 0)
      .map(() => protocol),
  );
  return [...new Set(protocols)];
}
