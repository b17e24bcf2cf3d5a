/** `apply --persist`: a systemd unit that applies the saved plan at boot, and its removal. */
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoCode, failure, isErrno, isFailure } from '../system/errors.ts';
import { findProgram } from '../system/programs.ts';
import { run } from '../system/run.ts';
import { saveDurably, syncFolder } from '../system/save.ts';
import { openTrusted, requireTrustedFolder } from '../system/trusted.ts';
import type { Files } from '../system/types.ts';
import type { Persisted } from './journal.ts';
import { PLACES, places } from './places.ts';
import type { Saved } from './saved.ts';

const RELOAD_MS = 30_000;

export interface UnitFacts {
  /** `eth0, tcp 0.0.0.0:8080`. */
  readonly what: string;
  /** The command that starts this program. */
  readonly command: readonly string[];
  /** Services after which it must run. */
  readonly after: readonly string[];
}

/**
 * Oneshot: a later `systemctl start` does nothing, because the settings are in force already. It may use only what an
 * apply needs: sysfs and procfs, network devices, other processes, bpftrace. @param plan its file, in the folder
 * `state`
 */
export function unitText({ what, command, after }: UnitFacts, state: string, plan: string): string {
  const words = [...command, 'apply', '--saved', plan, '--yes'].map(quote).join(' ');
  return `# Written by locality-tune apply --persist; locality-tune undo removes it.
[Unit]
Description=CPU locality of ${describing(what)}
Wants=network-online.target
After=${['network-online.target', 'irqbalance.service', ...after].join(' ')}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${words}
TimeoutStartSec=180
UMask=0077
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
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap

[Install]
WantedBy=multi-user.target
`;
}

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
const describing = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\\p{C}]/gu, '?')
    .replaceAll('%', '%%');

/** systemd.syntax(7) and systemd.service(5): specifiers and variables are expanded inside quotes too. */
function quote(word: string): string {
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

/** The files that `writeUnit` will write. */
export function unitOf(state: string, id: string): UnitFiles {
  const unit = `locality-tune-${id}.service`;
  const plan = join(state, 'saved', `${id}.json`);
  const { units } = places();
  const path = join(units, unit);
  const enabled = join(units, 'multi-user.target.wants', unit);
  return { plan, path, enabled, persisted: { record: 'persisted', unit, files: [enabled, path, plan] } };
}

export interface UnitFiles {
  readonly plan: string;
  readonly path: string;
  /** The link that starts it at boot. */
  readonly enabled: string;
  readonly persisted: Persisted;
}

/** Writes unit and plan, and enables the unit; all or nothing. Throws SystemError, Failure not-trusted. */
export async function writeUnit(files: UnitFiles, facts: UnitFacts, saved: Saved): Promise<void> {
  const { plan, path, enabled, persisted } = files;
  try {
    mkdirSync(dirname(plan), { recursive: true, mode: 0o700 });
    mkdirSync(dirname(enabled), { recursive: true });
    for (const file of [plan, enabled]) requireTrustedFolder(dirname(file));
    saveDurably(plan, `${JSON.stringify({ ...saved, persisted })}\n`, 0o600);
    saveDurably(path, unitText(facts, dirname(dirname(plan)), plan), 0o644);
    if (!isLink(enabled, path)) symlinkSync(path, enabled);
    syncFolder(dirname(enabled));
    await reload();
  } catch (error) {
    for (const file of persisted.files) removeIfThere(file);
    throw error;
  }
}

/** The caller already reports that nothing could be written. */
function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true });
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

/**
 * Removes only those files named in a journal of `state` that belong to a unit of this name. Returns one sentence for
 * each that cannot be removed.
 */
export async function removeUnit(state: string, unit: string, files: readonly string[]): Promise<string[]> {
  const id = /^locality-tune-(\d{1,9})\.service$/.exec(unit)?.[1];
  const own = id === undefined ? [] : unitOf(state, id).persisted.files;
  const failures: string[] = [];
  for (const file of own) {
    if (!files.includes(file)) continue;
    try {
      rmSync(file, { force: true });
    } catch (error) {
      const code = errnoCode(error);
      if (code === null) throw error;
      failures.push(
        `${file} could not be removed (${code}): remove it by hand, otherwise it is applied at boot`,
      );
    }
  }
  await reload();
  return failures;
}

/** Without systemd as init, or for units under another root, there is nothing to reload. */
async function reload(): Promise<void> {
  if (places().units !== PLACES.units || !existsSync('/run/systemd/system')) return;
  const systemctl = findProgram('systemctl');
  if (systemctl !== null) await run(systemctl, ['daemon-reload'], { timeoutMs: RELOAD_MS });
}

/** The service of a process, by its cgroup; null without one. */
export function serviceOf(files: Files, pid: number): string | null {
  return /\/([\w@:.\\-]+\.service)(?:\/|$)/m.exec(files.text(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? null;
}
