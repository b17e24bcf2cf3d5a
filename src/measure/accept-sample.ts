/**
 * Accept locality without bpftrace: for established connections, is the CPU of the latest packet the one to which their
 * thread is pinned? It does not see the accepts themselves, or connections that came and went in between.
 */
import { findOwners } from '../host/owners.ts';
import { findProcesses } from '../host/processes.ts';
import type { Owner } from '../host/types.ts';
import { failure, isErrno, isSystemError } from '../system/errors.ts';
import { connectionsTo } from '../system/kernel.ts';
import type { Kernel, System } from '../system/types.ts';
import { type Accepts, summarise } from './accept.ts';
import type { Filter } from './filter.ts';

/** Most connections to examine, each by a copy of its socket that is closed after microseconds. */
const MOST = 512;

export const SAMPLE_NOTE =
  'sampled, not measured: compares the CPU of the latest packet of each connection with the CPU that its thread is pinned to, not the CPU at accept';

export interface SampleSystem extends System {
  readonly kernel: Kernel;
}

/**
 * Examines the connections once. `accepts` counts connections whose thread is pinned to one CPU. Throws Failure
 * not-listening, EPERM; SystemError of the dumps.
 */
export async function sampleAccepts(
  system: SampleSystem,
  arch: string,
  filter: Filter & { readonly port: number },
): Promise<Accepts & { readonly connections: number }> {
  const { port } = filter;
  const listeners = (await system.kernel.sockets()).filter(
    (socket) => socket.protocol === 'tcp' && socket.port === port,
  );
  if (listeners.length === 0)
    throw failure(
      'not-listening',
      `no process listens on tcp port ${port}`,
      'give the port of a running server',
    );
  const connections = (await connectionsTo(port)).filter(({ inode }) => inode !== 0);
  const chosen = new Map(evenSample(connections, MOST).map(({ inode, cookie }) => [inode, cookie]));

  const processes = await findProcesses(
    system,
    new Set([...listeners.map(({ inode }) => inode), ...chosen.keys()]),
  );
  if (processes.byPid.size === 0)
    throw failure(
      'EPERM',
      `tcp port ${port}: its worker could not be read`,
      'run as root: that needs CAP_SYS_PTRACE for servers of other users',
    );
  const owners = await findOwners(system, processes, arch);
  const ports = portOwners(
    listeners.map(({ inode }) => inode),
    owners,
  );
  const looked = await lookAt(system.kernel, chosen, owners, filter);
  const counted = gather(looked.judged).map((pair) => ({ ...pair, fd: ports.get(pair.pid) ?? null, port }));
  const notes = [SAMPLE_NOTE, ...notesOn(connections.length, chosen.size, looked)];
  const commOf = (pid: number) => processes.byPid.get(pid)?.comm ?? null;
  return { ...summarise(counted, notes, commOf), connections: connections.length };
}

/** At most `most` of the list, evenly spread; the kernel dumps in hash order, so that is as good as random. */
export function evenSample<T>(list: readonly T[], most: number): T[] {
  const step = (at: number) => Math.floor((at * most) / list.length);
  return list.length <= most ? list.slice() : list.filter((_, at) => step(at) !== step(at - 1));
}

/** The listener's descriptor in each process; null if it serves several on that port. */
function portOwners(
  inodes: readonly number[],
  owners: ReadonlyMap<number, readonly Owner[]>,
): ReadonlyMap<number, number | null> {
  const descriptors = new Map<number, number | null>();
  for (const { pid, fd } of inodes.flatMap((inode) => owners.get(inode) ?? []))
    descriptors.set(pid, descriptors.has(pid) ? null : fd);
  return descriptors;
}

interface Looked {
  readonly judged: readonly { readonly owner: Owner; readonly cpu: number; readonly rxcpu: number }[];
  /** Connections of which no process shows a descriptor. */
  readonly unowned: number;
  /** Connections whose thread may run on several CPUs, or is not known. */
  readonly unpinned: number;
  readonly refused: number;
}

/** `cookies` by inode. */
async function lookAt(
  kernel: Kernel,
  cookies: ReadonlyMap<number, bigint>,
  owners: ReadonlyMap<number, readonly Owner[]>,
  filter: Filter,
): Promise<Looked> {
  const judged: { owner: Owner; cpu: number; rxcpu: number }[] = [];
  const pinned: { owner: Owner; cpu: number; cookie: bigint }[] = [];
  let unowned = 0;
  let unpinned = 0;
  let refused = 0;
  for (const [inode, cookie] of cookies) {
    const [owner, ...others] = owners.get(inode) ?? [];
    if (owner === undefined) unowned += 1;
    if (owner === undefined || !isWanted(owner, filter)) continue;
    const [cpu, ...more] = owner.cpus ?? [];
    if (cpu === undefined || more.length > 0 || others.length > 0) {
      unpinned += 1;
      continue;
    }
    pinned.push({ owner, cpu, cookie });
  }
  const answers = await kernel.borrow(
    pinned.map(({ owner: { pid, fd }, cookie }) => ({ pid, fd, cookie: cookie === 0n ? null : cookie })),
  );
  for (const [at, answer] of answers.entries()) {
    const asked = pinned[at];
    if (asked === undefined) continue;
    // The descriptor may be another file by now, or gone; and every connection has a CPU.
    if (isSystemError(answer)) refused += isErrno(answer, 'EPERM', 'ETIMEDOUT') ? 1 : 0;
    else if (answer.incomingCpu >= 0) judged.push({ ...asked, rxcpu: answer.incomingCpu });
  }
  return { judged, unowned, unpinned, refused };
}

const isWanted = (owner: Owner, { pid, comm }: Filter): boolean =>
  (pid === null || owner.pid === pid) && (comm === null || owner.comm === comm);

function gather(judged: Looked['judged']) {
  const pairs = new Map<string, { pid: number; cpu: number; rxcpu: number; count: number }>();
  for (const { owner, cpu, rxcpu } of judged) {
    const key = `${owner.pid},${cpu},${rxcpu}`;
    pairs.set(key, { pid: owner.pid, cpu, rxcpu, count: (pairs.get(key)?.count ?? 0) + 1 });
  }
  return [...pairs.values()];
}

function notesOn(all: number, chosen: number, { unowned, unpinned, refused }: Looked): string[] {
  return [
    ...(chosen < all ? [`sampled ${chosen} of ${all} connections`] : []),
    ...(unowned > 0 ? [`connections of processes that could not be read: ${unowned}`] : []),
    ...(unpinned > 0
      ? [`connections left out because their thread is not pinned or not known: ${unpinned}`]
      : []),
    ...(refused > 0 ? [`connections left out because CAP_SYS_PTRACE is missing: ${refused}`] : []),
  ];
}
