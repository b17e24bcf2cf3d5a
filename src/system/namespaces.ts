/**
 * Mounts of one's own. Namespaces belong to threads: what changes them here goes on by execve, which leaves nothing of
 * the process but the calling thread.
 */
import { native } from './native.ts';

/** include/uapi/linux/sched.h, include/uapi/linux/mount.h */
export const CLONE_NEWNET = 0x40000000;
const CLONE_NEWNS = 0x00020000;
const MS_BIND = 1 << 12;
const MS_REC = 1 << 14;
const MS_PRIVATE = 1 << 18;

/** From here on nothing that this thread mounts is seen outside. Throws SystemError. */
export function unshareMounts(): void {
  const { unshare, mount } = native();
  unshare(CLONE_NEWNS);
  mount('none', '/', '', MS_REC | MS_PRIVATE);
}

/** Throws SystemError. */
export const mountNew = (type: 'sysfs' | 'tracefs', target: string): void =>
  native().mount(type, target, type, 0);

/** With everything that is mounted below. Throws SystemError. */
export const bindMount = (source: string, target: string): void =>
  native().mount(source, target, '', MS_BIND | MS_REC);
