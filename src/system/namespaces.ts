/**
 * Private mounts. Namespaces belong to threads: after a change here, execve must follow, which leaves only the calling
 * thread of the process.
 */
import { native } from './native.ts';

/** include/uapi/linux/sched.h, include/uapi/linux/mount.h */
export const CLONE_NEWNET = 0x40000000;
const CLONE_NEWNS = 0x00020000;
const MS_BIND = 1 << 12;
const MS_REC = 1 << 14;
const MS_PRIVATE = 1 << 18;

/** From here on mounts of this thread are not visible outside. Throws SystemError. */
export function unshareMounts(): void {
  const { unshare, mount } = native();
  unshare(CLONE_NEWNS);
  mount('none', '/', '', MS_REC | MS_PRIVATE);
}

/** Throws SystemError. */
export const mountNew = (type: 'sysfs' | 'tracefs', target: string): void =>
  native().mount(type, target, type, 0);

/** Includes everything that is mounted below. Throws SystemError. */
export const bindMount = (source: string, target: string): void =>
  native().mount(source, target, '', MS_BIND | MS_REC);
