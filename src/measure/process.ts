/** What is asked about a process that was counted. */
import type { Files } from '../system/types.ts';

/** null when the process has gone, or lives in a pid namespace that is not ours. */
export const commOf =
  (files: Files) =>
  (pid: number): string | null =>
    files.text(`/proc/${pid}/comm`)?.trimEnd() ?? null;

/** Probes see every network namespace. Is it in ours? One that has gone is not. */
export const isInOurNetns =
  (files: Files) =>
  (pid: number): boolean =>
    files.link(`/proc/${pid}/ns/net`) === files.link('/proc/self/ns/net');
