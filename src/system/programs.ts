/**
 * Starts other programs only by absolute paths from fixed folders, and passes nothing of its own environment. It runs
 * as root, so PATH, NODE_OPTIONS or BPFTRACE_* of the caller must not choose what root runs. docs/requirements.md lists
 * every program, with who runs it and why.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** The whole environment of a child, besides what its caller adds. */
export const ENVIRONMENT = { PATH: FOLDERS.join(':'), LC_ALL: 'C.UTF-8' } as const;

export type ExternalProgram = 'bpftrace' | 'cat' | 'setpriv' | 'systemctl' | 'true';

/** Its absolute path; null if it is not installed. */
export function findProgram(name: ExternalProgram): string | null {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // For any reason it cannot be run from here.
    }
  }
  return null;
}
