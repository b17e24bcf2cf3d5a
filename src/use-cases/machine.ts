/** This machine, as the use cases change it: opened once by a face, and handed down. */
import { machine as archOf } from 'node:os';
import { failure } from '../system/errors.ts';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import { type Netns, thisNetns } from '../system/netns.ts';
import type { Files, Kernel } from '../system/types.ts';
import { openAccess } from '../tune/access.ts';
import { bootIdOf } from '../tune/boot.ts';
import { places } from '../tune/places.ts';
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
  };
}

/** What settings work through. It remembers NICs as it read them: open it for one change, not for a day. */
export const accessTo = (machine: LiveMachine): Access => openAccess(machine, machine.arch);

/** Throws Failure EPERM. @param act what is refused without root, for the message: `apply` */
export function requireRoot(act: string): void {
  if (process.geteuid?.() === 0) return;
  throw failure(
    'EPERM',
    `${act}: changing queues and XPS needs CAP_NET_ADMIN, pinning threads needs CAP_SYS_NICE, and /proc/irq is writable by root only`,
    'run it as root',
  );
}

/** Says what takes seconds while it lasts; returns what takes the word away again. */
export type Progress = (text: string) => () => void;

export const silent: Progress = () => () => {};
