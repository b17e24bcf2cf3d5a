/** What `--netns` names: a namespace of `ip netns`, a process, or a container. */
import { failure } from '../system/errors.ts';
import { netnsFile, netnsNames } from '../system/netns.ts';
import type { Files } from '../system/types.ts';
import { NAME_FOLDERS } from './container-names.ts';
import { describe, findContainer, type RunningContainer, runningContainers } from './find-container.ts';

/** A network namespace, by a name that the user can use again. */
export interface NamedNetns {
  readonly asked: string;
  /** A process in it, for commands that enter it by one; null for a name of `ip netns`. */
  readonly pid: number | null;
}

export interface NetnsTarget extends NamedNetns {
  /** The file of the namespace. */
  readonly path: string;
}

/**
 * In this order: a name of `ip netns`, a pid, a container. Throws Failure: `no-netns`, `ambiguous-netns`, `EPERM`.
 */
export function netnsTarget(files: Files, asked: string): NetnsTarget {
  const file = netnsFile(asked);
  if (file !== null) return { asked, ...file };
  const running = runningContainers(files);
  const found = findContainer(running, asked);
  if (found !== null) return { asked, pid: found.pid, path: `/proc/${found.pid}/ns/net` };
  throw failure(
    'no-netns',
    `--netns ${asked}: no such network namespace, process or running container`,
    `tried names of ip netns (${netnsNames().join(', ') || 'none'}), pids, ${tried(running)}`,
  );
}

const SHOWN = 8;

function tried(running: readonly RunningContainer[]): string {
  if (running.length === 0) return 'and containers (none is running)';
  const shown = running.slice(0, SHOWN).map(describe).join(', ');
  const more = running.length > SHOWN ? ` and ${running.length - SHOWN} more` : '';
  const rootless = process.geteuid?.() === 0 ? '' : ', which only root can read';
  return `ids of containers (${shown}${more}), and their names in ${NAME_FOLDERS.join(', ')}${rootless}`;
}
