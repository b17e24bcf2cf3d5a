/** The source of the machine for commands that only read: this machine, a captured tree, or a snapshot. */
import { type HostOptions, readHost } from '../host/host.ts';
import { foreignInterfaces, foreignSysfs } from '../host/sysfs-namespace.ts';
import type { Host, Nic } from '../host/types.ts';
import type { Snapshot } from '../snapshot/types.ts';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import type { Files, System } from '../system/types.ts';
import { cliFailure, during, usage } from './errors.ts';
import type { SourceOptions } from './options.ts';
import { progress } from './output.ts';

/** What to read of the machine, named as on the command line. */
export interface HostRequest extends Pick<SourceOptions, 'root' | 'netns' | 'from'> {
  /** Only these interfaces and their lower devices; empty or absent: all. */
  readonly iface?: readonly string[];
  /** Only groups and sockets of this port. */
  readonly port?: number;
  /** Ask the live kernel for slots and programs: needs root, takes a second or two. */
  readonly slots: boolean;
  /** Seconds during which datagrams of UDP groups are counted; 0: do not count. */
  readonly sample?: number;
}

export type HostSource = 'live' | 'tree' | 'snapshot';

/** The source that the options name. */
export function originOf({ root, from }: Pick<HostRequest, 'root' | 'from'>): HostSource {
  return from !== undefined ? 'snapshot' : root !== undefined ? 'tree' : 'live';
}

/** Throws CliError: wrong usage, no such interface, a source that can't be read. */
export async function loadHost(request: HostRequest): Promise<Host> {
  if (request.from === undefined) return readFrom(await openSystem(request), request);
  return hostOf(await loadSnapshot(request.from, request), request);
}

/** The requested part of a snapshot's machine; its notes say that it is a snapshot. */
export function hostOf(
  { host, time, version }: Snapshot,
  request: Pick<HostRequest, 'iface' | 'port'>,
): Host {
  const note = `read from a snapshot of ${time ?? 'an unknown time'}, written by locality-tune ${version ?? '?'}`;
  return narrow({ ...host, notes: [note, ...host.notes] }, request);
}

/** The whole file of --from; no other option may name a machine. Throws CliError. */
export async function loadSnapshot(
  from: string,
  { root, netns, sample }: Pick<HostRequest, 'root' | 'netns' | 'sample'>,
): Promise<Snapshot> {
  const other = Object.entries({ root, netns, sample }).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined) throw usage(`--${other}: cannot be combined with --from`, `omit one of them`);
  const { readSnapshot } = await import('../snapshot/read.ts');
  return during(`--from ${from}`, 'read access to the file', () => readSnapshot(from));
}

/** This machine, or the captured tree of --root. */
export async function openSystem({ root, sample }: Pick<HostRequest, 'root' | 'sample'>): Promise<System> {
  if (root === undefined) return { files: openFiles('/'), kernel: openKernel() };
  if (sample !== undefined)
    throw usage('--sample: a captured tree has nothing to count', 'omit --sample or --root');
  const { openTree } = await import('../system/archive.ts');
  const files = await during(`--root ${root}`, 'read access to it', () => openTree(root));
  if (!files.exists('/proc') && !files.exists('/sys')) {
    const expected =
      'name the directory or tar that holds copies of /proc and /sys; proc/interrupts alone is enough';
    throw cliFailure('no-tree', `--root ${root}: has neither proc nor sys`, expected);
  }
  if (files.text('/proc/interrupts') === '' && isHollow(files)) {
    const copy =
      'files in /proc have no size, so copy them with cp first: mkdir c; cp --parents /proc/interrupts c';
    throw cliFailure('empty-tree', `--root ${root}: proc/interrupts is empty`, copy);
  }
  return { files, kernel: null };
}

/** Has nothing in /proc any contents? Some containers show an empty /proc/interrupts, and everything else. */
function isHollow(files: Files): boolean {
  const others = ['version', 'stat', 'net/dev', 'net/tcp', 'net/udp'];
  return files.list('/proc/irq').length === 0 && others.every((name) => !files.text(`/proc/${name}`));
}

/** Reads the machine behind `system`; shows a waiting user what takes seconds. */
export async function readFrom(system: System, request: HostRequest): Promise<Host> {
  checkInterfaces(system.files, request.iface ?? []);
  const done = request.slots ? progress('reading queues, sockets and slots ...') : () => {};
  try {
    const host = await readHost(system, hostOptions(request));
    requireInterfaces(host.nics, request.iface ?? []);
    return host;
  } finally {
    done();
  }
}

const hostOptions = ({ iface = [], port, slots, sample }: HostRequest): HostOptions => ({
  ifaces: iface,
  port: port ?? null,
  slots,
  sampleSeconds: sample ?? null,
});

/** A snapshot holds its whole machine; this drops what was not requested. */
export function narrow(host: Host, { iface = [], port }: Pick<HostRequest, 'iface' | 'port'>): Host {
  requireInterfaces(host.nics, iface);
  const named = host.nics.filter(({ name }) => iface.includes(name));
  const wanted = new Set(named.flatMap(({ name, lowerDevices }) => [name, ...lowerDevices]));
  const onPort = (socket: { readonly port: number }) => port === undefined || socket.port === port;
  return {
    ...host,
    nics: iface.length === 0 ? host.nics : host.nics.filter(({ name }) => wanted.has(name)),
    groups: host.groups.filter(onPort),
    lone: host.lone.filter(onPort),
  };
}

/** Checked before anything slow begins. A tree without sys/class/net names its interfaces only in proc/interrupts. */
export function checkInterfaces(files: Files, wanted: readonly string[]): void {
  if (wanted.length > 0 && foreignInterfaces(files).length > 0) throw foreignSysfs(`--iface ${wanted[0]}`);
  const present = files.list('/sys/class/net').filter((name) => name !== 'bonding_masters');
  if (present.length > 0) requireNames(present, wanted);
}

const requireInterfaces = (nics: readonly Nic[], wanted: readonly string[]): void =>
  requireNames(
    nics.map(({ name }) => name),
    wanted,
  );

function requireNames(present: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.find((name) => !present.includes(name));
  if (missing === undefined) return;
  const names = present.toSorted().join(', ') || 'none';
  throw cliFailure('no-such-interface', `--iface ${missing}: no such interface`, `there are: ${names}`);
}
