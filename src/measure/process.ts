/** Facts about a process that was counted. */
import { type Cgroup, readCgroup } from '../host/cgroup.ts';
import type { Files } from '../system/types.ts';

/** null if the process is gone, or is in another pid namespace. */
export const commOf =
  (files: Files) =>
  (pid: number): string | null =>
    files.text(`/proc/${pid}/comm`)?.trimEnd() ?? null;

/** Adds whose process it is: its systemd unit, its container; null outside of any, or if it is gone. */
export const withOwner =
  (files: Files) =>
  <T extends { readonly pid: number | null }>(row: T): T & Cgroup => ({
    ...row,
    ...(row.pid === null ? { unit: null, container: null } : readCgroup(files, row.pid)),
  });

/** Probes see every network namespace. Is the process in ours? One that is gone is not. */
export const isInOurNetns =
  (files: Files) =>
  (pid: number): boolean =>
    files.link(`/proc/${pid}/ns/net`) === files.link('/proc/self/ns/net');
