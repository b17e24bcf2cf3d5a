/** What apply, undo and tune have in common: the privilege, the machine, what an interruption means. */
import { machine } from 'node:os';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import { netnsInode } from '../system/netns.ts';
import { openAccess } from '../tune/access.ts';
import { bootIdOf, stateFolder } from '../tune/boot.ts';
import type { Access } from '../tune/settings/setting.ts';
import { EXIT, failure } from './errors.ts';

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

const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit status for it; null: it was not interrupted. */
  status(): number | null;
}

/** From now on Ctrl-C, SIGTERM and the end of an ssh session let the current change be finished, and taken back. */
export function heedInterruptions(): Interruption {
  const abort = new AbortController();
  let status: number | null = null;
  for (const [name, exit] of Object.entries(STATUS))
    process.once(name, () => {
      status ??= exit;
      abort.abort();
    });
  return { signal: abort.signal, status: () => status };
}
