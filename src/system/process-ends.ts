/** The end of processes that are not children of this one, by pidfd_open(2). */
import { isSystemError, type SystemError } from './errors.ts';
import { native } from './native.ts';

export interface Processes {
  /** An epoll set. */
  readonly fd: number;
  /** From now on these are watched, and no others. Returns those that cannot be: ESRCH, it has ended. */
  set(pids: readonly number[]): ReadonlyMap<number, SystemError>;
  /** The processes that have ended, of a record of the set (an array of int32_t), from any bytes. */
  ended(bytes: Uint8Array): number[];
  close(): void;
}

/** Throws SystemError. */
export function openProcesses(): Processes {
  const { epollCreate, epollAdd, pidfdOpen, close } = native();
  const set = epollCreate();
  const pidfds = new Map<number, number>();
  const remove = (pid: number, fd: number): void => {
    pidfds.delete(pid);
    close(fd);
  };
  const add = (pid: number): void => {
    const fd = pidfdOpen(pid);
    pidfds.set(pid, fd);
    epollAdd(set, fd);
  };
  return {
    fd: set,
    set(pids) {
      const refused = new Map<number, SystemError>();
      const wanted = new Set(pids);
      for (const [pid, fd] of pidfds) if (!wanted.has(pid)) remove(pid, fd);
      for (const pid of wanted)
        try {
          if (!pidfds.has(pid)) add(pid);
        } catch (error) {
          if (!isSystemError(error)) throw error;
          refused.set(pid, error);
        }
      return refused;
    },
    ended(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const ready = new Set(
        Array.from({ length: bytes.length >> 2 }, (_, at) => view.getInt32(4 * at, true)),
      );
      // A descriptor that is not there was closed after it had been reported.
      const found = [...pidfds].filter(([, fd]) => ready.has(fd));
      for (const [pid, fd] of found) remove(pid, fd);
      return found.map(([pid]) => pid);
    },
    close() {
      close(set);
      for (const fd of pidfds.values()) close(fd);
      pidfds.clear();
    },
  };
}
