/** What tells cheaply that sockets, workers or journals have changed: read every few seconds. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramCheck } from '../host/program-check.ts';
import type { Host } from '../host/types.ts';
import { isSystemError } from '../system/errors.ts';
import type { Files, Kernel } from '../system/types.ts';
import { isLocked } from '../tune/lock.ts';
import { startTimeOf } from '../tune/settings/affinity.ts';
import type { Pulse } from './watched-machine.ts';

export interface SignsOf {
  readonly files: Files;
  readonly kernel: Kernel;
  /** The folder of lock, journals and attachments. */
  readonly state: string;
}

/** A dump of all sockets may take this share of the time. */
const MOST_SHARE = 1 / 500;

/** @param now milliseconds */
export function createSigns({ files, kernel, state }: SignsOf, now: () => number) {
  let sockets = '';
  let socketsDue = 0;

  const readSockets = async (ports: ReadonlySet<number>): Promise<string> => {
    const began = now();
    if (began < socketsDue) return sockets;
    try {
      const all = await kernel.sockets();
      const own = all.filter(({ port, peerPort }) => peerPort === 0 && ports.has(port));
      sockets = own
        .map(({ inode }) => inode)
        .sort((one, other) => one - other)
        .join();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      sockets = error.code;
    }
    socketsDue = now() + (now() - began) / MOST_SHARE;
    return sockets;
  };

  /** null: somebody is changing settings right now. @param host as it was last read */
  return async (
    host: Host | null,
    ports: ReadonlySet<number>,
    programs: Pick<ProgramCheck, 'hasChanged'>,
  ): Promise<Pulse | null> => {
    if (isLocked(state, files)) return null;
    const workers = host === null ? '' : workersOf(files, host);
    const members = ports.size === 0 ? '' : await readSockets(ports);
    return {
      records: recordsOf(state),
      servers: `${members}|${workers}`,
      programsChanged: programs.hasChanged(),
    };
  };
}

/** Journals and attachments come and go as files of their folders. */
const recordsOf = (state: string): string =>
  ['journals', 'attached']
    .map((folder) => statSync(join(state, folder), { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n)
    .join();

/** The workers that are known, and the children of whoever started them: a reload starts others. */
function workersOf(files: Files, { groups }: Host): string {
  const pids = new Set(
    groups.flatMap(({ sockets }) =>
      sockets.flatMap(({ owners, holders }) => [...owners, ...holders].map(({ pid }) => pid)),
    ),
  );
  const parents = new Set([...pids].flatMap((pid) => parentOf(files, pid) ?? []));
  const started = [...pids].map((pid) => `${pid}:${startTimeOf(files, pid, pid)}`);
  const children = [...pids, ...parents].map((pid) =>
    files.text(`/proc/${pid}/task/${pid}/children`)?.trim(),
  );
  return [...started, ...children].join(';');
}

/** Process 1 has children of every kind; they say nothing. */
function parentOf(files: Files, pid: number): number | null {
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(files.text(`/proc/${pid}/status`) ?? '')?.[1]);
  return parent > 1 ? parent : null;
}
