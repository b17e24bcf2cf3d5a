/** The UDP sockets of the machine and who serves them. */
import { findOwners } from '../host/owners.ts';
import { findProcesses, type Processes } from '../host/processes.ts';
import type { Owner } from '../host/types.ts';
import type { DiagSocket } from '../system/types.ts';
import type { SampleSystem } from './accept-sample.ts';
import type { UdpFacts } from './udp.ts';

/** The processes that serve the sockets `inodes`. */
export interface UdpOwners {
  readonly inodes: ReadonlySet<number>;
  readonly owners: ReadonlyMap<number, readonly Owner[]>;
  readonly holders: Processes['holders'];
}

export const NO_OWNERS: UdpOwners = { inodes: new Set(), owners: new Map(), holders: new Map() };

/**
 * `port` null: all. Owners are searched only if a relevant socket is new, because that reads all of /proc. Relevant are
 * the listed ones (those of `port` that receive datagrams from anyone) and `seen`. Throws SystemError of the dump.
 */
export async function readUdpFacts(
  system: SampleSystem,
  arch: string,
  port: number | null,
  seen: ReadonlySet<number>,
  before: UdpOwners,
): Promise<{ readonly facts: readonly UdpFacts[]; readonly served: UdpOwners }> {
  const sockets = (await system.kernel.sockets()).filter(
    (socket) => socket.protocol === 'udp' && socket.inode !== 0 && (port === null || socket.port === port),
  );
  const isListed = ({ peerPort }: DiagSocket) => port !== null && peerPort === 0;
  const inodes = sockets
    .filter((socket) => isListed(socket) || seen.has(socket.inode))
    .map(({ inode }) => inode);
  const served = inodes.every((inode) => before.inodes.has(inode))
    ? before
    : await lookFor(system, arch, new Set(inodes));
  const facts = sockets.map((socket) => ({
    inode: socket.inode,
    port: socket.port,
    recvQueue: socket.recvQueue,
    drops: socket.drops,
    owners: served.owners.get(socket.inode) ?? [],
    holders: served.holders.get(socket.inode) ?? [],
    listed: isListed(socket),
  }));
  return { facts, served };
}

async function lookFor(system: SampleSystem, arch: string, inodes: ReadonlySet<number>): Promise<UdpOwners> {
  const processes = await findProcesses(system, inodes);
  return { inodes, owners: await findOwners(system, processes, arch), holders: processes.holders };
}
