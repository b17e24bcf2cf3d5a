/** Processes whose descriptors could not be read: which, why, and what helps. */
import { type Capability, hasCapability, inUserNamespace } from '../system/capabilities.ts';
import type { Files } from '../system/types.ts';

/**
 * To list /proc/PID/fd takes one of the first (fs/namei.c, generic_permission; containers keep DAC_OVERRIDE), to read its
 * links the second (fs/proc/base.c, proc_fd_access_allowed).
 */
const NEEDED: readonly (readonly Capability[])[] = [['DAC_READ_SEARCH', 'DAC_OVERRIDE'], ['SYS_PTRACE']];
const NAMED = 3;

/** @param pids at least one @param euid null: the files are a captured tree */
export function unreadableNote(files: Files, pids: readonly number[], euid: number | null): string {
  const who = pids.length === 1 ? '1 process' : `${pids.length} processes`;
  const named = pids.length > NAMED ? '' : ` (${pids.map((pid) => nameOf(files, pid)).join(', ')})`;
  return `${who}${named} could not be read, so some workers may be missing (${why(files, euid)})`;
}

function nameOf(files: Files, pid: number): string {
  const comm = files.text(`/proc/${pid}/comm`)?.trimEnd();
  return comm === undefined ? String(pid) : `${comm} ${pid}`;
}

function why(files: Files, euid: number | null): string {
  if (euid === null) return 'the user who runs this may not read their files in the captured tree';
  if (euid !== 0) return 'run as root, with CAP_SYS_PTRACE';
  if (inUserNamespace(files)) return 'this user is root only in a user namespace: run as root outside of it';
  const missing = NEEDED.filter((names) =>
    names.every((name) => hasCapability(files, 'CapEff', name) === false),
  );
  if (missing.length > 0)
    return `root lacks ${missing.map(([name]) => `CAP_${name}`).join(' and ')} here: \`locality-tune doctor\` says how to get it`;
  return 'a security module of the kernel forbids it also to root: SELinux, AppArmor or Landlock';
}
