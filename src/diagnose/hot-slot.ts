/** A UDP member that gets more datagrams than a choice by source should give it. */
import type { Group, GroupSocket } from '../host/types.ts';
import { isByCpuAlone } from './programs.ts';

export interface HotSlot {
  readonly member: GroupSocket;
  /** 0 to 1, of `total` datagrams that the group read. */
  readonly share: number;
  readonly total: number;
  readonly cause: Cause;
}

/**
 * Why one member gets so much. `source`: the hash gives one busy source one slot, and `stateless` says whether any
 * worker can handle any datagram of this port: null if not known. `cpu`: slots are chosen by CPU, and one CPU receives
 * that much. `program`: a program decides by something else.
 */
export type Cause =
  | { readonly by: 'source'; readonly stateless: boolean | null; readonly protocol: string | null }
  | { readonly by: 'cpu' }
  | { readonly by: 'program' };

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

/** Ports whose protocols keep no state from one datagram to the next. NetFlow and IPFIX do: their templates. */
const STATELESS: ReadonlyMap<number, string> = new Map([
  [53, 'DNS'],
  [123, 'NTP'],
  [162, 'SNMP traps'],
  [514, 'syslog'],
  [6343, 'sFlow'],
]);

/** Also null if the members were not sampled, or too few datagrams arrived. */
export function hotSlot(group: Group): HotSlot | null {
  const { protocol, sockets } = group;
  const total = sockets.reduce((sum, { packets }) => sum + (packets ?? 0), 0);
  const [member] = sockets.toSorted((one, other) => (other.packets ?? 0) - (one.packets ?? 0));
  const sampled = sockets.every(({ packets }) => packets !== null);
  if (protocol !== 'udp' || member === undefined || !sampled || total < ENOUGH) return null;
  const share = (member.packets ?? 0) / total;
  return share > limit(group) ? { member, share, total, cause: causeOf(group) } : null;
}

/** The protocol that is usual on this UDP port, if its peers must stay with one worker; null if not, or not known. */
export function statefulProtocol({ protocol, port }: Group): string | null {
  return protocol === 'udp' ? (STATEFUL.get(port) ?? null) : null;
}

/**
 * The warning for an attach to such a port: a program picks other workers than the hash did.
 * @param said has the protocol been named?
 */
export function movesPeers(group: Group, said = false): string | null {
  const protocol = statefulProtocol(group);
  if (protocol === null) return null;
  const moves = 'attach moves live flows to other workers, which may not know them.';
  return said ? `The ${moves}` : `Port ${group.port} is most likely ${protocol}: the ${moves}`;
}

function causeOf({ port, selection, program }: Group): Cause {
  if (selection === 'incoming_cpu') return { by: 'cpu' };
  if (program !== null) return { by: isByCpuAlone(program) ? 'cpu' : 'program' };
  const stateful = STATEFUL.get(port) ?? null;
  const stateless = STATELESS.get(port) ?? null;
  return {
    by: 'source',
    stateless: stateful !== null ? false : stateless !== null ? true : null,
    protocol: stateful ?? stateless,
  };
}

/** Twice the fair share; with two members that would be everything, so the limit is lower. */
function limit({ size }: Group): number {
  return Math.min(2 / size, 0.9);
}
