/**
 * `--netns`: runs the same command again inside another network namespace. A process cannot simply look into one: setns
 * is per thread, and /sys/class/net belongs to the namespace of the process that mounted it.
 */
import { closeSync, openSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { errnoCode, failure, isErrno } from './errors.ts';
import { bindMount, CLONE_NEWNET, mountNew, unshareMounts } from './namespaces.ts';
import { native } from './native.ts';
import { passedSockets } from './service-manager.ts';

/** Where iproute2 keeps named namespaces. */
const FOLDERS = ['/run/netns', '/var/run/netns'];
/** include/uapi/linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
const CAP_SYS_ADMIN = 21n;

/** Which network namespace. */
export interface Netns {
  /** As lsns prints it; reused after the namespace is gone. */
  readonly inode: number;
  /** SO_NETNS_COOKIE in decimal, which no other namespace of this boot has; null before Linux 5.14. */
  readonly cookie: string | null;
}

/** The namespace of this process. */
export const thisNetns = (): Netns => ({ inode: netnsInode(), cookie: netnsCookie() });

export const netnsInode = (): number => statSync('/proc/self/ns/net').ino;

function netnsCookie(): string | null {
  try {
    return String(native().netnsCookie());
  } catch (error) {
    if (isErrno(error, 'ENOPROTOOPT')) return null;
    throw error;
  }
}

/** The name of a namespace by its inode; null if it has none, or none that can be read. */
export function netnsNameOf(inode: number): string | null {
  for (const folder of FOLDERS)
    for (const name of namesIn(folder))
      if (statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.ino === inode) return name;
  return null;
}

/** Names that `--netns` accepts, sorted. */
export function netnsNames(): string[] {
  return [...new Set(FOLDERS.flatMap(namesIn))].sort();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // No namespace has ever been named here.
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The file of the namespace NAME, or of process PID, which is then in it; null if there is neither. Throws Failure
 * `EPERM`.
 */
export function netnsFile(target: string): { readonly path: string; readonly pid: number | null } | null {
  const folder = FOLDERS.find((each) => namesIn(each).includes(target));
  const pid = folder === undefined && /^[1-9]\d*$/.test(target) ? Number(target) : null;
  const path = folder === undefined ? `/proc/${target}/ns/net` : `${folder}/${target}`;
  try {
    const isThere = (folder !== undefined || pid !== null) && statfsSync(path).type === NSFS_MAGIC;
    return isThere ? { path, pid } : null;
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'EACCES' || code === 'EPERM') throw notPermitted(target);
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
    return null;
  }
}

const notPermitted = (target: string) =>
  failure('EPERM', `--netns ${target}: entering a network namespace needs CAP_SYS_ADMIN`, 'run it as root');

/**
 * Continues inside the network namespace of a file: this process executes the same command again, with the same pid,
 * terminal and exit status, and does not return. Returns at once if it is there already. Throws Failure `EPERM`.
 * @param target as the user named it
 */
export function enterNetns(path: string, target: string): void {
  if (statSync(path).ino === netnsInode()) return;
  if (!mayAdminister()) throw notPermitted(target);
  native().setns(path, CLONE_NEWNET);
  unshareMounts();
  mountSysfs();
  native().execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
    // What systemd has opened for this process is for the one that it becomes, which has the same pid.
    passedSockets(process.env, process.pid).map(({ fd }) => fd),
  );
}

/**
 * Mounts a sysfs of this network namespace over /sys, and on it everything that was mounted below the old one, found
 * through its descriptor: bpftrace needs /sys/kernel/tracing, and cgroups are in /sys/fs.
 */
function mountSysfs(): void {
  const old = openSync('/sys', 'r');
  mountNew('sysfs', '/sys');
  for (const each of ['kernel', 'fs']) bindMount(`/proc/self/fd/${old}/${each}`, `/sys/${each}`);
  closeSync(old);
}

/** Does this process have CAP_SYS_ADMIN? Root in a container may not. */
function mayAdminister(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}
