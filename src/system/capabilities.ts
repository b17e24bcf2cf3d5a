/** What this process may do, as /proc says. */
import type { Files } from './types.ts';

/** include/uapi/linux/capability.h */
export const CAPABILITIES = {
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  NET_ADMIN: 12,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYS_NICE: 23,
} as const;

export type Capability = keyof typeof CAPABILITIES;

/** Is it in this set of /proc/self/status? null if the file cannot be read. @param set `CapEff`, `CapBnd` */
export function hasCapability(files: Files, set: 'CapEff' | 'CapBnd', name: Capability): boolean | null {
  const hex = new RegExp(`^${set}:\\s+([0-9a-f]+)$`, 'm').exec(files.text('/proc/self/status') ?? '')?.[1];
  return hex === undefined ? null : ((BigInt(`0x${hex}`) >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
}

/** PROC_USER_INIT_INO (include/linux/proc_ns.h) */
const INITIAL_USER = 'user:[4026531837]';

/** Is it in a user namespace of its own? Its capabilities then do not count outside. null if that is not known. */
export function inUserNamespace(files: Files): boolean | null {
  const own = files.link('/proc/self/ns/user');
  return own === null ? null : own !== INITIAL_USER;
}
