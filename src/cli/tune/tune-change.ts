/** What apply, undo and tune have in common: the privilege, the machine, what an interruption means. */
import { machine } from 'node:os';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import { netnsInode } from '../../system/netns.ts';
import { openAccess } from '../../tune/access.ts';
import { bootIdOf, stateFolder } from '../../tune/boot.ts';
import type { Access } from '../../tune/settings/setting.ts';
import { EXIT, failure } from '../errors.ts';

export interface Bench {
  readonly access: Access;
  readonly state: string;
  readonly bootId: string;
  readonly netns: number;
}

export function openBench(): Bench {
  const files = openFiles('/');
  const access = openAccess({ files, kernel: openKernel() }, machine());
  return { access, state: stateFolder(), bootId: bootIdOf(files), netns: netnsInode() };
}

/** Throws CliError EPERM, exit 77. */
export function requireRoot(command: string): void {
  if (process.geteuid?.() === 0) return;
  throw failure(
    'EPERM',
    `${command}: changing queues and XPS needs CAP_NET_ADMIN, pinning threads CAP_SYS_NICE, /proc/irq the mode of its files`,
    'run it as root',
    EXIT.privilege,
  );
}
