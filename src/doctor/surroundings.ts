/** What stands between this process and the machine: its capabilities, its container, its mounts. */
import { readCgroup } from '../host/cgroup.ts';
import type { Files } from '../system/types.ts';
import type { Subject } from './types.ts';

/** Does this process run in a container? */
export const isContained = (files: Files): boolean =>
  readCgroup(files, 'self').container !== null || ['/.dockerenv', '/run/.containerenv'].some(files.exists);

/** The systemd service that this process runs in. */
export function serviceOf(files: Files): string | null {
  const { unit } = readCgroup(files, 'self');
  return unit?.endsWith('.service') && !unit.startsWith('user@') ? unit : null;
}

/** A command as root, also if the caller is not. */
export const asRoot = ({ live }: Subject, command: string): string =>
  live === null || live.euid === 0 ? command : `sudo ${command}`;

export interface Mount {
  readonly point: string;
  /** proc, sysfs, tmpfs, … */
  readonly type: string;
  readonly readOnly: boolean;
  /** Options of the file system: `rw,hidepid=invisible`. */
  readonly options: string;
}

/** The mount that holds `path` (proc_pid_mountinfo(5)); null if that is not known. */
export function mountOf(files: Files, path: string): Mount | null {
  const mounts = (files.text('/proc/self/mountinfo') ?? '').split('\n').flatMap((line): Mount[] => {
    const [, point = '', own = '', type = '', options = ''] =
      /^\d+ \d+ \S+ \S+ (\S+) (\S+) .*?- (\S+) \S+ ?(\S*)$/.exec(line) ?? [];
    const isReadOnly = (list: string) => list.split(',').includes('ro');
    return point === '' ? [] : [{ point, type, readOnly: isReadOnly(own) || isReadOnly(options), options }];
  });
  const holds = ({ point }: Mount) => point === '/' || path === point || path.startsWith(`${point}/`);
  // Of two at the same point the later one covers the other.
  return mounts
    .filter(holds)
    .reduce<Mount | null>(
      (best, each) => (best === null || each.point.length >= best.point.length ? each : best),
      null,
    );
}
