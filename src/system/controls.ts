/** Writes what `Files` and `Kernel` read. Decides nothing. */
import { closeSync, constants, openSync, statfsSync, writeSync } from 'node:fs';
import { failure } from './errors.ts';
import { native } from './native.ts';

/** All throw (or reject with) SystemError, the kernel's error. */
export interface Controls {
  /** One write to a file of sysfs or procfs; a newline is added. Throws Failure not-a-setting for any other. */
  write(path: string, value: string): void;
  /** SIOCETHTOOL; resolves to `request` as the kernel changed it. */
  ethtool(device: string, request: Uint8Array): Promise<Uint8Array>;
  /** sched_setaffinity. */
  setAffinity(tid: number, cpus: readonly number[]): void;
}

export function openControls(): Controls {
  return {
    write: writeLine,
    ethtool: (device, request) => native().ethtoolIoctl(device, request),
    setAffinity: (tid, cpus) => native().schedSetaffinity(tid, cpus),
  };
}

/** include/uapi/linux/magic.h: sysfs and procfs. */
const SETTINGS: ReadonlySet<number> = new Set([0x62656572, 0x9fa0]);

/**
 * A setting must be one write(2), because the kernel takes each write for a whole value. A missing file is not created.
 */
function writeLine(path: string, value: string): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NOCTTY);
  try {
    // The open file itself shows its file system, whatever links and mounts lead to it.
    if (!SETTINGS.has(statfsSync(`/proc/self/fd/${fd}`).type))
      throw failure(
        'not-a-setting',
        `${path} is not a file of sysfs or procfs`,
        '`findmnt -T FILE` shows what is mounted there',
      );
    writeSync(fd, `${value}\n`);
  } finally {
    closeSync(fd);
  }
}
