/** The machine's knobs: what `Files` and `Kernel` read, written. Nothing here decides anything. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { native } from './native.ts';

/** All throw (or reject with) SystemError: what the kernel answered. */
export interface Controls {
  /** One write to a file that exists; the line's end is added. */
  write(path: string, value: string): void;
  /** SIOCETHTOOL; resolves to `request` as the kernel changed it. */
  ethtool(device: string, request: Uint8Array): Promise<Uint8Array>;
  /** sched_setaffinity. */
  setAffinity(tid: number, cpus: readonly number[]): void;
}

/** `root` is where `Files` has its own: `/` but in tests. */
export function openControls(root = '/'): Controls {
  return {
    write: (path, value) => writeLine(join(root, path), value),
    ethtool: (device, request) => native().ethtoolIoctl(device, request),
    setAffinity: (tid, cpus) => native().schedSetaffinity(tid, cpus),
  };
}

/** A setting is one write(2): the kernel takes each for a whole value. A file that is not there is not made. */
function writeLine(path: string, value: string): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, `${value}\n`);
  } finally {
    closeSync(fd);
  }
}
