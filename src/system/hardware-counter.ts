/** Counts events of the processor by its PMU, on all CPUs. Most virtual machines have none. */
import { closeSync, readSync } from 'node:fs';
import { isErrno } from './errors.ts';
import { native } from './native.ts';

/** PERF_COUNT_HW_* of include/uapi/linux/perf_event.h. */
const EVENTS = { cycles: 0, instructions: 1, 'llc-misses': 3 } as const;
export type HardwareEvent = keyof typeof EVENTS;

export interface HardwareCounter {
  /** Events on all CPUs since it was opened. If the PMU counted only part of the time, scaled to all of it. */
  read(): number;
  close(): void;
}

/** null: the machine has no PMU that counts this. Throws SystemError (EACCES). */
export function countHardware(event: HardwareEvent, cpus: readonly number[]): HardwareCounter | null {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const cpu of cpus) fds.push(native().perfHardware(EVENTS[event], cpu));
  } catch (error) {
    close();
    // ENODEV, EOPNOTSUPP (which Node calls ENOTSUP): perf_event_open(2) lists them for what the hardware does not support.
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTSUP', 'EINVAL')) return null;
    throw error;
  }
  const value = Buffer.alloc(24);
  return {
    read: () =>
      fds.reduce((sum, fd) => {
        readSync(fd, value);
        return sum + scaled(value);
      }, 0),
    close,
  };
}

/** @param bytes the count, the time enabled and the time running */
export function scaled(bytes: Buffer): number {
  const [count, enabled, running] = [0, 8, 16].map((at) => Number(bytes.readBigUInt64LE(at)));
  return running === 0 || count === undefined || enabled === undefined || running === undefined
    ? 0
    : count * (enabled / running);
}
