/**
 * Which process writes to files of procfs and sysfs, by fanotify(7). What the kernel itself changes is not seen, and neither
 * is a write through another instance of procfs (of another pid namespace, or of a unit with ProtectProc=).
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { isErrno, isSystemError, type SystemError } from './errors.ts';
import { native } from './native.ts';

/** include/uapi/linux/fanotify.h */
const FAN_MARK_ADD = 0x1;
const FAN_MARK_REMOVE = 0x2;
const FAN_MODIFY = 0x2;
const FAN_Q_OVERFLOW = 0x4000;
/** include/uapi/asm-generic/fcntl.h; Node has no name for it. */
const O_PATH = 0o10000000;
const SIZEOF_HEADER = 32;

/** What /proc/PID says of a process at the time of its write. All of it is chosen by the process. */
export interface ProcessTexts {
  /** Positive; 0: a process of another pid namespace. */
  readonly pid: number;
  /** null if the process had ended already. */
  readonly comm: string | null;
  /** Its arguments; empty if it had ended already, and for a kernel thread. */
  readonly command: readonly string[];
  /** Text of /proc/PID/cgroup. */
  readonly cgroup: string;
  /** Its parent; null if it had ended already. */
  readonly parent: number | null;
}

/** A record of native/fanotify.cc. */
export interface WriteRecord {
  /** Events were dropped, because nobody read them in time. The other fields say nothing then. */
  readonly overflow: boolean;
  /** Device and inode of the file. */
  readonly file: string;
  readonly by: ProcessTexts;
}

const keyOf = (dev: bigint, ino: bigint): string => `${dev}:${ino}`;

/** null if the bytes are too short for a record. */
export function decodeWrite(bytes: Uint8Array): WriteRecord | null {
  if (bytes.length < SIZEOF_HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [comm = '', cmdline = '', cgroup = '', stat = ''] = textsIn(bytes);
  // pid (comm) state ppid; comm may hold parentheses and spaces.
  const parent = /^ \S (\d+) /.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1];
  return {
    overflow: (view.getBigUint64(0, true) & BigInt(FAN_Q_OVERFLOW)) !== 0n,
    file: keyOf(view.getBigUint64(8, true), view.getBigUint64(16, true)),
    by: {
      pid: Math.max(0, view.getInt32(24, true)),
      comm: comm === '' ? null : comm.replace(/\n$/, ''),
      command: cmdline === '' ? [] : cmdline.replace(/\0$/, '').split('\0'),
      cgroup,
      parent: parent === undefined ? null : Number(parent),
    },
  };
}

function textsIn(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let at = SIZEOF_HEADER; at + 4 <= bytes.length; ) {
    const end = at + 4 + view.getUint32(at, true);
    texts.push(Buffer.from(bytes.subarray(at + 4, end)).toString('utf8'));
    at = end;
  }
  return texts;
}

export interface FileMarks {
  /** The fanotify group. */
  readonly fd: number;
  /**
   * From now on these files are watched, and no others. A file that vanished and came back (an interface that was created
   * again) is a new one: call it again. Returns the files that cannot be watched.
   */
  set(paths: readonly string[]): ReadonlyMap<string, SystemError>;
  /** The path of a WriteRecord's file, as it was given; null if it is no longer watched. */
  pathOf(file: string): string | null;
  close(): void;
}

interface Mark {
  readonly file: string;
  /**
   * Open as long as the file is watched: procfs makes a new inode, without the mark, if the name was dropped from its
   * cache.
   */
  readonly fd: number;
}

/** Throws SystemError: EPERM without CAP_SYS_ADMIN, ENOSYS in a kernel without fanotify. */
export function openFileMarks(): FileMarks {
  const { fanotifyInit, fanotifyMark, close } = native();
  const group = fanotifyInit();
  const marks = new Map<string, Mark>();
  const paths = new Map<string, string>();
  const change = (flags: number, fd: number) => fanotifyMark(group, flags, FAN_MODIFY, `/proc/self/fd/${fd}`);

  const unmark = (fd: number): void => {
    try {
      change(FAN_MARK_REMOVE, fd);
    } catch (error) {
      // The mark was removed with the file.
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  };
  const add = (path: string): void => {
    const fd = openSync(path, O_PATH);
    try {
      const { dev, ino } = fstatSync(fd, { bigint: true });
      const file = keyOf(dev, ino);
      const old = marks.get(path);
      if (old?.file === file) {
        closeSync(fd);
        return;
      }
      if (old !== undefined) remove(path, old);
      change(FAN_MARK_ADD, fd);
      marks.set(path, { file, fd });
      paths.set(file, path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  };
  const remove = (path: string, { file, fd }: Mark): void => {
    marks.delete(path);
    // Another path may lead to the same file.
    const other = [...marks].find(([, mark]) => mark.file === file)?.[0];
    if (other === undefined) {
      paths.delete(file);
      unmark(fd);
    } else paths.set(file, other);
    closeSync(fd);
  };

  return {
    fd: group,
    set(wanted) {
      const refused = new Map<string, SystemError>();
      const set = new Set(wanted);
      for (const [path, mark] of marks) if (!set.has(path)) remove(path, mark);
      for (const path of set)
        try {
          add(path);
        } catch (error) {
          if (!isSystemError(error)) throw error;
          const old = marks.get(path);
          if (old !== undefined) remove(path, old);
          refused.set(path, error);
        }
      return refused;
    },
    pathOf: (file) => paths.get(file) ?? null,
    close() {
      close(group);
      for (const { fd } of marks.values()) closeSync(fd);
      marks.clear();
      paths.clear();
    },
  };
}
