/** Several watchers on one machine: each has its own part of it, and a control socket. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  askControl,
  type ControlServer,
  closedFolder,
  type Handler,
  lockFile,
  serveControl,
} from '../system/control-socket.ts';
import { failure, isErrno, isFailure, isSystemError } from '../system/errors.ts';
import { removeFile } from '../system/remove-file.ts';

export const WATCH_FOLDER = '/run/locality-tune/watch';

/** What a watcher watches. An empty list is everything of its kind. */
export interface WatcherScope {
  /** Inode of its network namespace. */
  readonly netns: number;
  readonly interfaces: readonly string[];
  readonly ports: readonly number[];
}

export interface RunningWatcher {
  readonly pid: number;
  /** Of its control socket. */
  readonly path: string;
  readonly scope: WatcherScope;
}

/** What both watch, in words; null if nothing. */
export function sharedBy(one: WatcherScope, other: WatcherScope): string | null {
  if (one.netns !== other.netns) return null;
  const interfaces = common(one.interfaces, other.interfaces, 'all interfaces');
  const ports = common(one.ports, other.ports, 'all ports');
  const shared = [interfaces, ports].filter((each) => each !== null);
  return shared.length === 0 ? null : shared.join(' and ');
}

function common<T>(one: readonly T[], other: readonly T[], all: string): string | null {
  if (one.length === 0 && other.length === 0) return all;
  const both =
    one.length === 0 ? other : other.length === 0 ? one : one.filter((each) => other.includes(each));
  return both.length === 0 ? null : both.join(', ');
}

const RETRY_MS = 20;
/** The holder of the lock asks each running watcher, and a stopped one does not answer for seconds. */
const PATIENCE_MS = 15_000;

/** Several that start at the same moment, as units do at boot, go one after the other. Throws Failure `busy`. */
async function lockSoon(path: string): Promise<() => void> {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      return lockFile(path);
    } catch (error) {
      if (!isFailure(error) || error.code !== 'busy' || waited >= PATIENCE_MS) throw error;
    }
    await sleep(RETRY_MS);
  }
}

const SOCKET = /^(\d+)\.sock$/;

export interface RunningWatchers {
  /** By pid. */
  readonly answering: readonly RunningWatcher[];
  /** What they watch is not known: one that is stopped, busy, or of others. */
  readonly silent: readonly { readonly pid: number; readonly error: Error }[];
}

/** Throws SystemError if the folder cannot be read. */
export async function runningWatchers(folder: string = WATCH_FOLDER): Promise<RunningWatchers> {
  const answering: RunningWatcher[] = [];
  const silent: { pid: number; error: Error }[] = [];
  const ask = async ({ pid, path }: { pid: number; path: string }): Promise<void> => {
    try {
      const scope = await scopeOf(path);
      if (scope !== null) answering.push({ pid, path, scope });
    } catch (error) {
      if (!isFailure(error) && !isSystemError(error)) throw error;
      silent.push({ pid, error });
    }
  };
  await Promise.all(socketsIn(folder).map(ask));
  return { answering: answering.sort((a, b) => a.pid - b.pid), silent };
}

const socketsIn = (folder: string) =>
  namesIn(folder).flatMap((name) => {
    const pid = SOCKET.exec(name)?.[1];
    return pid === undefined ? [] : [{ pid: Number(pid), path: join(folder, name) }];
  });

/** null: its process was killed, and has left the socket. */
async function scopeOf(path: string): Promise<WatcherScope | null> {
  try {
    return scopeFrom(await askControl(path, { ask: 'scope' }));
  } catch (error) {
    if (isFailure(error) && error.code === 'not-running') return null;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Another version may answer otherwise; then it watches everything. */
function scopeFrom(answer: unknown): WatcherScope {
  const { netns, interfaces, ports } = Object(answer);
  return {
    netns: Number(netns),
    interfaces: Array.isArray(interfaces) ? interfaces.map(String) : [],
    ports: Array.isArray(ports) ? ports.map(Number) : [],
  };
}

/**
 * Serves the control socket of this process, unless another watcher has a part of the same scope. `handler` gets every
 * request but `{"ask":"scope"}`. Throws Failure `busy`, `silent` of a watcher that is stopped, `not-trusted`; SystemError.
 */
export async function serveWatcher(
  scope: WatcherScope,
  handler: Handler,
  folder: string = WATCH_FOLDER,
): Promise<ControlServer> {
  closedFolder(folder);
  const release = await lockSoon(join(folder, 'start.lock'));
  try {
    for (const { pid, path } of socketsIn(folder)) {
      const theirs = await scopeOf(path);
      if (theirs === null) for (const left of [path, `${path}.lock`]) removeFile(left);
      const shared = theirs && sharedBy(scope, theirs);
      if (shared !== null)
        throw failure(
          'busy',
          `another watcher (pid ${pid}) already watches ${shared}`,
          `stop it, or choose other interfaces and ports`,
        );
    }
    return await serveControl(join(folder, `${process.pid}.sock`), (request) =>
      Reflect.get(Object(request), 'ask') === 'scope' ? scope : handler(request),
    );
  } finally {
    release();
  }
}
