/** What the systemd units of this program have in common: how they are confined, quoted, trusted and enabled. */
import { closeSync, constants, existsSync, lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoCode, failure, isErrno, isFailure } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { findProgram } from '../system/programs.ts';
import { onFile, removeFile } from '../system/remove-file.ts';
import { run } from '../system/run.ts';
import { saveDurably, syncFolder } from '../system/save.ts';
import { openTrusted, requireTrustedFolder } from '../system/trusted.ts';
import { PLACES, places } from './places.ts';

const RELOAD_MS = 30_000;

/**
 * A unit may use only what changing settings needs: sysfs and procfs, network devices, other processes, bpftrace.
 * @param state the folder of lock and journals
 */
export const confinement = (state: string): string => `UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=${CAPABILITIES.map((name) => `CAP_${name}`).join(' ')}
ProtectSystem=strict
ReadWritePaths=${quote(state)}
RuntimeDirectory=locality-tune
RuntimeDirectoryPreserve=yes
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=mnt
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap`;

/** For queues and channels, threads and sockets of other users, and their files; the rest is for bpftrace. */
export const CAPABILITIES = [
  'NET_ADMIN',
  'SYS_NICE',
  'SYS_PTRACE',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'SYS_ADMIN',
  'BPF',
  'PERFMON',
  'SYS_RESOURCE',
] as const;

/** A backslash at the end would join the next line, and an interface may have any name. */
export const describing = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\\p{C}]/gu, '?')
    .replaceAll('%', '%%');

/** systemd.syntax(7) and systemd.service(5): specifiers and variables are expanded inside quotes too. */
export function quote(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replace(/[\\"]/g, '\\$&')}"`;
}

/**
 * A unit runs as root, so Node, this program, and every folder above them must belong to root and not be writable by
 * others. Throws Failure not-trusted.
 */
export function requireOwnCommand(command: readonly string[]): void {
  for (const word of command) {
    const bad = /\p{C}/u.test(word);
    if (bad) throw failure('not-trusted', `${JSON.stringify(word)} cannot be named in a unit`, INSTALL);
    try {
      closeSync(openTrusted(throughLinks(word), constants.O_RDONLY));
    } catch (error) {
      if (!isFailure(error)) throw error;
      throw failure(error.code, `a unit would run ${word} as root, but ${error.message}`, INSTALL);
    }
  }
}

/** Resolves a link to a file that no one else can replace. Throws SystemError, Failure not-trusted. */
function throughLinks(path: string): string {
  let file = path;
  while (lstatSync(file).isSymbolicLink()) {
    requireTrustedFolder(dirname(file));
    file = resolve(dirname(file), readlinkSync(file));
  }
  return file;
}

const INSTALL = 'install Node and locality-tune as root, where only root can write, then repeat';

/** The link that starts a unit at boot. */
export const enabledBy = (unit: string): string => join(places().units, 'multi-user.target.wants', unit);

/** Writes a unit and enables it. Throws Failure not-trusted, and as onFile does. */
export async function enableUnit(unit: string, text: string): Promise<void> {
  const path = join(places().units, unit);
  const enabled = enabledBy(unit);
  onFile('write', path, () => {
    makeFolder(dirname(enabled), 0o755);
    requireTrustedFolder(dirname(enabled));
    saveDurably(path, text, 0o644);
    if (!isLink(enabled, path)) symlinkSync(path, enabled);
    syncFolder(dirname(enabled));
  });
  await reload();
}

/** The caller already reports that nothing could be written. */
export function removeIfThere(file: string): void {
  try {
    removeFile(file);
  } catch (error) {
    if (errnoCode(error) === null) throw error;
  }
}

function isLink(path: string, target: string): boolean {
  try {
    return readlinkSync(path) === target;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Without systemd as init, or for units under another root, there is nothing to reload. */
export async function reload(): Promise<void> {
  if (places().units !== PLACES.units || !existsSync('/run/systemd/system')) return;
  const systemctl = findProgram('systemctl');
  if (systemctl !== null) await run(systemctl, ['daemon-reload'], { timeoutMs: RELOAD_MS });
}
