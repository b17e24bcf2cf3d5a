/** The socket part of a Host: reuseport groups, lone sockets, and their workers. */
import { isFailure, isSystemError } from '../system/errors.ts';
import type { BorrowRequest, Files, Kernel, System } from '../system/types.ts';
import { toGroups, toLone } from './groups.ts';
import { type GroupAddresses, IN_NO_GROUP } from './inquiry.ts';
import { type ListedSockets, type Listener, listSockets, readDevices, toListeners } from './listeners.ts';
import { findElsewhere } from './other-namespaces.ts';
import { findOwners } from './owners.ts';
import { findProcesses, type Holder, type Processes, showsAllProcesses } from './processes.ts';
import type { SlotReadings, SlotRequest } from './slots.ts';
import type { Group, LoneSocket } from './types.ts';
import { unreadableNote } from './unreadable.ts';

/** Why a group has no slots if they were not asked for. */
export const SLOTS_UNREAD = 'slots and programs were not read (--no-slots)';

export interface SocketOptions {
  /** null: every port. */
  readonly port: number | null;
  /** Ask the kernel for slots and programs, which needs root and bpftrace, and takes a second or two. */
  readonly slots: boolean;
  /** How long datagrams are counted if there is a UDP group of several sockets; 0: do not count. */
  readonly sampleSeconds: number;
}

export interface Sockets {
  readonly groups: readonly Group[];
  readonly lone: readonly LoneSocket[];
  /** Of all groups that were read, in no order. Not for anybody's eyes: they help to attack a kernel. */
  readonly addresses: readonly GroupAddresses[];
  readonly notes: readonly string[];
}

/**
 * `arch` as `uname -m` prints it; null leaves the waiting threads unknown. `listed`: what listSockets has said just now. Then the
 * descriptors of processes are being read when this returns.
 */
export async function readSockets(
  system: System,
  arch: string | null,
  options: SocketOptions,
  listed: ListedSockets | null = null,
): Promise<Sockets> {
  const { sockets, notes } = listed ?? (await listSockets(system));
  const listeners = toListeners(sockets, readDevices(system.files), options.port);
  const all = listeners.flatMap((listener) => [...listener.sockets, ...listener.connected]);
  const processes = await findProcesses(system, new Set(all.map(({ inode }) => inode)));
  const owners = await findOwners(system, processes, arch ?? '');

  const reuseport = await readReuseport(system, listeners, processes);
  const candidates = listeners.filter((listener) => reuseport.get(listener) ?? listener.sockets.length > 1);
  const readings = await askKernel(system, candidates, processes, options);
  const readingOf = ({ id }: Listener) => readings.groups.get(id) ?? whyNotAsked(system, options);

  const served = {
    owners,
    holders: processes.holders,
    netns: readNetns(system.files),
    packets: readings.packets,
    sampledSeconds: readings.seconds,
  };
  const guess = system.kernel !== null && options.slots;
  const groups = candidates
    .filter((listener) => readingOf(listener) !== IN_NO_GROUP)
    .flatMap((listener) => toGroups(listener, readingOf(listener), guess, served));
  const grouped = new Set(groups.flatMap((group) => group.sockets.map(({ inode }) => inode)));
  const lone = listeners.flatMap((listener) => toLone(listener, grouped, served));
  const unasked = system.kernel === null ? [] : listeners.filter((each) => reuseport.get(each) === null);
  const elsewhere =
    system.kernel !== null && options.port !== null && listeners.length === 0
      ? findElsewhere(system.files, options.port)
      : [];
  return {
    groups,
    lone,
    addresses: [...readings.groups.values()].flatMap((found) =>
      typeof found === 'string' ? [] : found.map(({ addresses }) => addresses),
    ),
    notes: [...notes, ...readings.notes, ...elsewhere, ...hidden(system, processes, unasked)],
  };
}

/**
 * Inodes of the sockets without a peer that are bound as these are, sorted, as the kernel lists them: no descriptor of
 * another process is touched. null: none of these sockets is left.
 */
export async function readBoundLike(
  system: System,
  { port, sockets }: Pick<Group, 'port' | 'sockets'>,
): Promise<readonly number[] | null> {
  const ours = new Set(sockets.map(({ inode }) => inode));
  const listeners = toListeners((await listSockets(system)).sockets, readDevices(system.files), port);
  const bound = listeners.filter(({ sockets: without, connected }) =>
    [...without, ...connected].some(({ inode }) => ours.has(inode)),
  );
  return bound.length === 0
    ? null
    : bound.flatMap((each) => each.sockets.map(({ inode }) => inode)).sort((a, b) => a - b);
}

/** null if no process can be queried. TCP allows two listeners on one address and port only with SO_REUSEPORT. */
async function readReuseport(
  { kernel }: System,
  listeners: readonly Listener[],
  processes: Processes,
): Promise<ReadonlyMap<Listener, boolean | null>> {
  const known = new Map<Listener, boolean | null>(
    listeners.map((each) => [each, each.protocol === 'tcp' && each.sockets.length > 1 ? true : null]),
  );
  const unknown = () => listeners.filter((listener) => known.get(listener) === null);
  // One holder is usually enough. If not, another may still exist, or be ours.
  for (const [from, to] of kernel === null
    ? []
    : [
        [0, 1],
        [1, MOST_HOLDERS],
      ]) {
    const asked = unknown().flatMap((listener) =>
      holdersOf(listener, processes)
        .slice(from, to)
        .map((holder) => ({ listener, holder })),
    );
    if (asked.length === 0) break;
    const answers = await borrowed(
      kernel,
      asked.map(({ holder }) => holder),
    );
    for (const [at, answer] of answers.entries()) {
      const listener = asked[at]?.listener;
      if (listener !== undefined && !isSystemError(answer)) known.set(listener, answer.reuseport);
    }
  }
  return known;
}

const MOST_HOLDERS = 64;

/** Nothing, if too many children hang already. */
async function borrowed(kernel: Kernel | null, requests: readonly BorrowRequest[]) {
  try {
    return (await kernel?.borrow(requests)) ?? [];
  } catch (error) {
    if (!isFailure(error)) throw error;
    return [];
  }
}

interface SocketHolder extends Holder {
  readonly inode: number;
  /** null if the sockets come from /proc/net, which has none. */
  readonly cookie: bigint | null;
}

function holdersOf({ sockets }: Listener, { holders }: Processes): SocketHolder[] {
  return sockets.flatMap(({ inode, cookie }) =>
    (holders.get(inode) ?? []).map((holder) => ({ ...holder, inode, cookie: cookie === 0n ? null : cookie })),
  );
}

async function askKernel(
  { kernel }: System,
  candidates: readonly Listener[],
  processes: Processes,
  { slots, sampleSeconds }: SocketOptions,
): Promise<SlotReadings> {
  const unread = { groups: new Map(), packets: null, seconds: null, notes: [] };
  if (kernel === null || !slots) return unread;
  const requests = candidates.flatMap((listener): SlotRequest[] => {
    const asked = new Map<number, SlotRequest>();
    for (const holder of holdersOf(listener, processes))
      if (!asked.has(holder.inode))
        asked.set(holder.inode, {
          ...holder,
          id: listener.id,
          // The first is expected to cover all; for the others, one slot shows whether they are in another group.
          size: asked.size === 0 ? listener.sockets.length : 1,
        });
    // For TCP, whose listeners on one address are in one group, the first that a process shows is enough.
    return listener.protocol === 'tcp' ? [...asked.values()].slice(0, 1) : [...asked.values()];
  });
  if (requests.length === 0) return unread;
  const { readSlots } = await import('./slots.ts');
  const shared = candidates.some(({ protocol, sockets }) => protocol === 'udp' && sockets.length > 1);
  return readSlots(kernel, requests, { sampleSeconds: shared ? sampleSeconds : 0 });
}

function whyNotAsked({ kernel }: System, { slots }: SocketOptions): string {
  if (kernel === null) return 'a captured tree has no slots and programs';
  return slots ? 'no readable process holds it' : SLOTS_UNREAD;
}

function hidden(
  { files, kernel }: System,
  { unreadable }: Processes,
  unasked: readonly Listener[],
): string[] {
  const notes: string[] = [];
  if (kernel !== null && !showsAllProcesses(files))
    notes.push("/proc hides other users' processes (hidepid), so workers may be missing (run as root)");
  if (unreadable.length > 0)
    notes.push(unreadableNote(files, unreadable, kernel === null ? null : (process.geteuid?.() ?? null)));
  if (unasked.length > 0) {
    const names = unasked
      .slice(0, 3)
      .map(({ id }) => id)
      .join(', ');
    const more = unasked.length > 3 ? ` and ${unasked.length - 3} more` : '';
    notes.push(
      `it is not known whether SO_REUSEPORT is set on ${names}${more}: no process that holds the socket could be read`,
    );
  }
  return notes;
}

/** Inode, as lsns prints it. */
function readNetns(files: Files): number | null {
  const inode = /^net:\[(\d+)\]$/.exec(files.link('/proc/self/ns/net') ?? '')?.[1];
  return inode === undefined ? null : Number(inode);
}
