/**
 * A machine that boots systemd: process 1 of namespaces on this host, with this host's files below a writable layer that
 * outlives a reboot, and the built program installed as root would install it.
 *
 *     const machine = openMachine('subject', 'ip link add v0 type veth peer name v1');
 *     await machine.boot();
 *     machine.run('locality-tune apply --iface v0 --persist --yes');
 *     await machine.reboot();
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/system/package.ts';
import { until } from '../integration/servers.ts';

const INSTALLED = ['dist', 'prebuilds', 'package.json', 'node_modules/systeminformation'];
/** cgroup-v2.rst: alone, or beside the hierarchies of version 1. */
const CGROUPS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
  existsSync(join(path, 'cgroup.procs')),
);

export interface Booted {
  /** The writable layer: what is put here before a boot is there as under `/`. */
  readonly files: string;
  /** Until multi-user.target is reached. Throws with the journal if it is not. */
  boot(): Promise<void>;
  /** Ends it as a power failure would, and boots again. */
  reboot(): Promise<void>;
  /** Standard output of a bash command inside. Throws if its exit status is not 0. */
  run(command: string): string;
  close(): Promise<void>;
}

/** @param devices shell commands that run before systemd at each boot: what hardware there is */
export function openMachine(subject: string, devices: string): Booted {
  if (CGROUPS === undefined) throw new Error('no cgroup2 is mounted');
  const folder = mkdtempSync(join(tmpdir(), `lt-${subject}-`));
  const cgroup = join(CGROUPS, `lt-${subject}-${process.pid}`);
  const upper = join(folder, 'upper');
  for (const name of ['upper', 'work', 'root', 'units']) mkdirSync(join(folder, name));
  install(upper, devices);
  let pid: number | null = null;
  let ended: Promise<unknown> = Promise.resolve();

  const inside = (command: string): string => {
    if (pid === null) throw new Error('not booted');
    const words = ['-t', `${pid}`, '--all', 'env', `PATH=${PATH}`, 'bash', '-c', command];
    return execFileSync('nsenter', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const stop = async (): Promise<void> => {
    if (pid !== null) process.kill(pid, 'SIGKILL');
    await ended;
    pid = null;
    // The last of its processes leave a moment later.
    await until(() => removed(cgroup), 'the cgroup is empty');
  };
  const boot = async (): Promise<void> => {
    const script = join(import.meta.dirname, 'boot.sh');
    const child = spawn(script, [folder, cgroup, process.execPath], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    ended = once(child, 'exit');
    await until(() => {
      if (child.exitCode !== null) throw new Error(`boot.sh: exit status ${child.exitCode}: ${said}`);
      pid = initOf(child.pid ?? 0);
      return pid !== null;
    }, 'systemd is process 1');
    const state = () => {
      try {
        return inside('systemctl is-active multi-user.target; systemctl list-jobs --no-legend | head -1');
      } catch {
        return '';
      }
    };
    await until(() => state() === 'active\n', 'multi-user.target', 120).catch((error: Error) => {
      throw new Error(`${error.message}\n${inside('journalctl --no-pager | tail -40')}`);
    });
  };
  return {
    files: upper,
    boot,
    reboot: async () => {
      await stop();
      ageJournals(join(upper, 'var/lib/locality-tune/journals'));
      await boot();
    },
    run: inside,
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The package below /opt, a command in PATH, and the devices. */
function install(upper: string, devices: string): void {
  const to = join(upper, 'opt/locality-tune');
  for (const each of INSTALLED)
    cpSync(join(packageRoot, each), join(to, each), { recursive: true, dereference: true });
  const bin = join(upper, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  const words = '/opt/node /opt/locality-tune/dist/src/cli/entry.js "$@"';
  writeFileSync(join(bin, 'locality-tune'), `#!/bin/sh\nexec ${words}\n`, { mode: 0o755 });
  const etc = join(upper, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, 'before-boot'), `#!/bin/bash -e\n${devices}\n`, { mode: 0o755 });
}

/** The kernel stays the same and so does its boot id: what was written becomes that of an earlier boot. */
function ageJournals(journals: string): void {
  if (!existsSync(journals)) return;
  for (const path of readdirSync(journals).map((name) => join(journals, name)))
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"an earlier one"'));
}

/** The process 1 that is the child of `unshare`; null before it is systemd. */
function initOf(pid: number): number | null {
  try {
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return readFileSync(`/proc/${child}/comm`, 'utf8') === 'systemd\n' ? Number(child) : null;
  } catch {
    return null;
  }
}

/** From the leaves. */
function removed(cgroup: string): boolean {
  if (!existsSync(cgroup)) return true;
  try {
    for (const entry of readdirSync(cgroup, { withFileTypes: true }))
      if (entry.isDirectory()) removed(join(cgroup, entry.name));
    rmdirSync(cgroup);
    return true;
  } catch {
    return false;
  }
}
