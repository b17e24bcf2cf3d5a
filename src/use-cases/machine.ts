/** This machine, as the use cases change it: a command or view opens it once and passes it down. */
import { machine as archOf } from 'node:os';
import { foreignInterfaces, foreignSysfs } from '../host/sysfs-namespace.ts';
import { failure } from '../system/errors.ts';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import { type Netns, thisNetns } from '../system/netns.ts';
import type { Files, Kernel } from '../system/types.ts';
import { openAccess } from '../tune/access.ts';
import { noteAttachment } from '../tune/attachment.ts';
import { type Author, authorOf } from '../tune/author.ts';
import { bootIdOf } from '../tune/boot.ts';
import { places } from '../tune/places.ts';
import type { JustRead } from '../tune/settings/program.ts';
import type { Access } from '../tune/settings/setting.ts';

export interface LiveMachine {
  readonly files: Files;
  readonly kernel: Kernel;
  /** As `uname -m` prints it. */
  readonly arch: string;
  /** The folder of lock and journals. */
  readonly state: string;
  readonly bootId: string;
  readonly netns: Netns;
  /** Who uses it, for what is noted of a change. */
  readonly by: Author;
}

export function openMachine(kernel: Kernel = openKernel()): LiveMachine {
  const files = openFiles('/');
  return {
    files,
    kernel,
    arch: archOf(),
    state: places().state,
    bootId: bootIdOf(files),
    netns: thisNetns(),
    by: authorOf(process.env, process.argv.slice(2)),
  };
}

/**
 * Access for settings. It caches the NICs that it has read, so open it for one change, not for a day. Throws Failure
 * `foreign-sysfs`.
 */
export function accessTo(machine: LiveMachine, justRead?: JustRead): Access {
  if (foreignInterfaces(machine.files).length > 0) throw foreignSysfs('cannot reach the settings in /sys');
  return openAccess(
    machine,
    machine.arch,
    (group, program) => noteAttachment(machine, group, program),
    justRead,
  );
}

/** Of `apply`, `tune` and `undo`. */
const SETTINGS =
  'changing queues and XPS needs CAP_NET_ADMIN, pinning threads needs CAP_SYS_NICE, and /proc/irq is writable by root only';

/** Throws Failure EPERM. @param act what needs root, for the message: `apply` @param why a clause */
export function requireRoot(act: string, why: string = SETTINGS): void {
  if (process.geteuid?.() !== 0) throw failure('EPERM', `${act}: ${why}`, 'run it as root');
}

/** Shows a message while something takes seconds; returns a function that removes it. */
export type Progress = (text: string) => () => void;

export const silent: Progress = () => () => {};
