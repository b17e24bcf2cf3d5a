/**
 * Which programs this tool starts, and what it gives them: absolute paths out of fixed folders, and nothing of its own
 * environment. It runs as root, and neither PATH nor NODE_OPTIONS or BPFTRACE_* of whoever called it may choose what root
 * runs. docs/requirements.md lists every program, with who runs it and why.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** The whole environment of a child, beside what its caller adds for it. */
export const ENVIRONMENT = { PATH: FOLDERS.join(':'), LC_ALL: 'C.UTF-8' } as const;

export type Program = 'bpftrace' | 'setpriv' | 'systemctl' | 'true';

/** Its absolute path; null where it is not installed. */
export function findProgram(name: Program): string | null {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Whatever the reason: it can't be run from here.
    }
  }
  return null;
}
