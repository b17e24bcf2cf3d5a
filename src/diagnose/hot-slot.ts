/** A UDP member that takes more than the kernel's choice by source should give it. */
import type { Group, GroupSocket } from '../host/types.ts';

export interface HotSlot {
  readonly member: GroupSocket;
  /** 0 to 1, of `total` datagrams that the group read. */
  readonly share: number;
  readonly total: number;
  /** The protocol of this port whose peers must stay with one worker; null where none is known. */
  readonly stateful: string | null;
}

/** Fewer datagrams than this say nothing about how they spread. */
const ENOUGH = 100;

/** Ports whose protocols keep state for each peer, so that its datagrams must stay with one worker. */
const STATEFUL: ReadonlyMap<number, string> = new Map([
  [443, 'QUIC'],
  [500, 'IKE'],
  [853, 'DNS over QUIC'],
  [1194, 'OpenVPN'],
  [3478, 'TURN'],
  [4500, 'IKE'],
  [5060, 'SIP'],
  [8443, 'QUIC'],
  [51820, 'WireGuard'],
]);

/** null as well when the members were not sampled, or too few datagrams passed to tell. */
export function hotSlot(group: Group): HotSlot | null {
  const { protocol, port, sockets } = group;
  const total = sockets.reduce((sum, { packets }) => sum + (packets ?? 0), 0);
  const [member] = sockets.toSorted((one, other) => (other.packets ?? 0) - (one.packets ?? 0));
  const sampled = sockets.every(({ packets }) => packets !== null);
  if (protocol !== 'udp' || member === undefined || !sampled || total < ENOUGH) return null;
  const share = (member.packets ?? 0) / total;
  return share > limit(group) ? { member, share, total, stateful: STATEFUL.get(port) ?? null } : null;
}

/** Twice the fair share; of two members, that would be more than there is. */
function limit({ size }: Group): number {
  return Math.min(2 / size, 0.9);
}
