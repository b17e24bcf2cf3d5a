/**
 * What the kernel reports of changes, in one stream: links, channels, RSS, CPUs, closed sockets, and writes to files of procfs and
 * sysfs with their writers. Everything else has to be read again from time to time.
 */
import type { CpuEvent } from '../system/cpu-events.ts';
import { isFailure, isSystemError, systemError } from '../system/errors.ts';
import type { EthtoolEvent } from '../system/ethtool-events.ts';
import { decodeWrite, type FileMarks, openFileMarks } from '../system/file-writes.ts';
import type { LinkEvent } from '../system/link-events.ts';
import { native } from '../system/native.ts';
import type { NetdevEvent } from '../system/netdev-events.ts';
import {
  cpuNotifications,
  ethtoolNotifications,
  linkNotifications,
  type Notifications,
  netdevNotifications,
  socketNotifications,
} from '../system/notifications.ts';
import { openProcesses } from '../system/process-ends.ts';
import type { SocketEvent } from '../system/socket-events.ts';
import { type Writer, writerOf } from './writer.ts';

/** `tcp` and `udp`: closed sockets. `files`: writes. `programs`: those of reuseport groups, which are compared, not heard. */
export type SourceName =
  | 'link'
  | 'ethtool'
  | 'netdev'
  | 'cpu'
  | 'tcp'
  | 'udp'
  | 'files'
  | 'processes'
  | 'programs';

export interface Source {
  readonly name: SourceName;
  /** Is it listened to? */
  readonly ok: boolean;
  /** Why not; null if it is. */
  readonly why: string | null;
}

/** Somebody wrote to a file, perhaps the value that it had before. A write that the kernel refused is not reported. */
export interface WriteEvent {
  readonly kind: 'written';
  /** As it was given. */
  readonly path: string;
  /** null if the kernel does not say: a process of another pid namespace. */
  readonly by: Writer | null;
  /** This process itself wrote it. */
  readonly own: boolean;
}

/**
 * Something was missed: everything that the source reports has to be read again. Netlink says it twice: when its queue is
 * full, and when it has been emptied; what happens in between is missed too.
 */
export interface LostEvent {
  readonly kind: 'lost';
  readonly source: SourceName;
  readonly why: string;
}

/** The source reports nothing any more. */
export interface EndedEvent {
  readonly kind: 'ended';
  readonly source: SourceName;
  readonly why: string;
}

/** A process of `setProcesses` has ended. Its sockets have left their groups by then, unless others hold them too. */
export interface ProcessEvent {
  readonly kind: 'process-ended';
  readonly pid: number;
}

export type Heard =
  | LinkEvent
  | EthtoolEvent
  | NetdevEvent
  | CpuEvent
  | SocketEvent
  | WriteEvent
  | ProcessEvent
  | LostEvent
  | EndedEvent;

export interface ListenOptions {
  /** Files of procfs and sysfs whose writers matter; see `setFiles`. */
  readonly files: readonly string[];
  /**
   * Of which protocols closed sockets are reported. With TCP, the kernel writes a message for every connection that ends,
   * which the filter then drops: some microseconds of CPU time each. `setProcesses` costs nothing.
   */
  readonly sockets: readonly ('tcp' | 'udp')[];
  /** Only sockets on these ports; empty: all. */
  readonly ports: readonly number[];
}

export interface Listening {
  /** Every source that was asked for. */
  readonly sources: readonly Source[];
  /**
   * Watches these files from now on, and no others. To be called again when files have vanished and come back: after an
   * interface was created again, its channels or its interrupts changed. Returns the files that cannot be watched, with the
   * reason.
   */
  setFiles(paths: readonly string[]): ReadonlyMap<string, string>;
  /**
   * The end of these processes is reported from now on, and of no others. Returns those that are not there, or cannot be
   * watched.
   */
  setProcesses(pids: readonly number[]): ReadonlyMap<number, string>;
  /** Nothing is heard after this. */
  close(): void;
}

/**
 * Listens in this network namespace. Does not keep the process alive, and takes no CPU time as long as nothing happens. A
 * source that this kernel lacks, or that is refused, is named in `sources`; it is no error.
 */
export async function listen(options: ListenOptions, onHeard: (heard: Heard) => void): Promise<Listening> {
  const sources: Source[] = [];
  const byFd = new Map<number, { readonly name: SourceName; readonly hear: (bytes: Uint8Array) => void }>();

  const open = async (name: SourceName, join: () => Notifications<Heard> | Promise<Notifications<Heard>>) => {
    const why = await attempt(async () => {
      const { fd, decode } = await join();
      byFd.set(fd, { name, hear: (bytes) => decode(bytes).forEach(onHeard) });
    });
    sources.push({ name, ok: why === null, why });
  };
  await open('link', linkNotifications);
  await open('ethtool', ethtoolNotifications);
  await open('netdev', netdevNotifications);
  await open('cpu', cpuNotifications);
  for (const protocol of options.sockets)
    await open(protocol, () => socketNotifications(protocol, options.ports));

  const sockets = [...byFd.keys()];
  let marks: FileMarks | null = null;
  const why = await attempt(() => {
    marks = openFileMarks();
  });
  sources.push({ name: 'files', ok: why === null, why });
  const files = marks as FileMarks | null;
  if (files !== null)
    byFd.set(files.fd, { name: 'files', hear: (bytes) => hearWrite(files, bytes, onHeard) });

  const processes = openProcesses();
  sources.push({ name: 'processes', ok: true, why: null });
  byFd.set(processes.fd, {
    name: 'processes',
    hear: (bytes) => {
      for (const pid of processes.ended(bytes)) onHeard({ kind: 'process-ended', pid });
    },
  });

  const groups = files === null ? [] : [files.fd];
  const stop = native().listen(sockets, groups, [processes.fd], (fd, bytes, errno, ended) => {
    const source = byFd.get(fd);
    if (source === undefined) return;
    if (bytes !== null) source.hear(bytes);
    else
      onHeard({
        kind: ended ? 'ended' : 'lost',
        source: source.name,
        why: systemError(errno, 'read').message,
      });
  });
  const listening = {
    sources,
    setFiles(paths: readonly string[]) {
      const refused = files?.set(paths) ?? new Map(paths.map((path) => [path, new Error(why ?? '')]));
      return new Map([...refused].map(([path, { message }]) => [path, message]));
    },
    setProcesses(pids: readonly number[]) {
      return new Map([...processes.set(pids)].map(([pid, { message }]) => [pid, message]));
    },
    close() {
      stop();
      files?.close();
      processes.close();
      for (const fd of sockets.splice(0)) native().close(fd);
    },
  };
  listening.setFiles(options.files);
  return listening;
}

/** Why it failed, in words; null if it did not. */
async function attempt(open: () => void | Promise<void>): Promise<string | null> {
  try {
    await open();
    return null;
  } catch (error) {
    if (isFailure(error)) return error.message;
    if (isSystemError(error)) return reasonOf(error.syscall, error.code, error.message);
    throw error;
  }
}

function reasonOf(syscall: string, code: string, message: string): string {
  if (syscall !== 'fanotify_init') return message;
  if (code === 'EPERM') return 'fanotify needs CAP_SYS_ADMIN';
  if (code === 'ENOSYS') return 'this kernel is built without fanotify';
  return message;
}

function hearWrite(files: FileMarks, bytes: Uint8Array, onHeard: (heard: Heard) => void): void {
  const record = decodeWrite(bytes);
  if (record === null) return;
  const path = files.pathOf(record.file);
  if (record.overflow) onHeard({ kind: 'lost', source: 'files', why: 'the queue of fanotify was full' });
  // No path: it was marked a moment ago, or was deleted before it could be looked at.
  else if (path !== null)
    onHeard({ kind: 'written', path, by: writerOf(record.by), own: record.by.pid === process.pid });
}
