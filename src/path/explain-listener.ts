/** The socket, or group of sockets, that the kernel finds for a new flow. */
import type { Group, Host, LoneSocket, Protocol } from '../host/types.ts';
import { type Flow, formatEndpoint } from './flow.ts';

export interface FoundSocket {
  /** null if nothing listens, if several tie, and for a socket without a group. */
  readonly group: Group | null;
  readonly lone: LoneSocket | null;
  readonly why: string;
}

/** @param devices names of the interfaces that the packet passes: the lower device, and what is above it */
export type Finder = (flow: Flow, devices: ReadonlySet<string>) => FoundSocket;

type Bound = Group | LoneSocket;

/**
 * The kernel searches the sockets bound to the flow's own address first, then those bound to any address. In each list
 * it takes the first reuseport group that it finds, ahead of the sockets before it; the score decides only among
 * sockets without a group (inet_lhash2_lookup() and compute_score() in net/ipv4/inet_hashtables.c, udp4_lib_lookup2()
 * in net/ipv4/udp.c, and their counterparts in net/ipv6).
 */
export function finder(host: Pick<Host, 'groups' | 'lone'>): Finder {
  const byPort = Map.groupBy<string, Bound>([...host.groups, ...host.lone], key);
  return (flow, devices) => {
    const { protocol, destination } = flow;
    const fitting = (byPort.get(key({ protocol, ...destination })) ?? [])
      // If connect() has split a port into several groups, only one gets new flows.
      .filter((bound) => !isGroup(bound) || bound.newFlows !== false)
      .filter((bound) => fits(bound, flow, devices));
    const exact = fitting.filter(({ address }) => !isAny(address));
    const list = exact.length > 0 ? exact : fitting;
    const nobody = (why: string): FoundSocket => ({ group: null, lone: null, why });
    if (list.length === 0) return nobody(`no socket is known on ${protocol} ${formatEndpoint(destination)}`);
    const winner = winnerOf(list, flow);
    if (winner === null)
      return nobody(
        `any of ${list.map(({ id }) => id).join(', ')}: it depends on the order in which they were bound`,
      );
    const why = whyOf(winner, flow, fitting.length);
    return isGroup(winner) ? { group: winner, lone: null, why } : { group: null, lone: winner, why };
  };
}

const key = ({ protocol, port }: { readonly protocol: Protocol; readonly port: number }) =>
  `${protocol} ${port}`;

const isGroup = (bound: Bound): bound is Group => 'sockets' in bound;

const isAny = (address: string) => address === '0.0.0.0' || address === '::';

function fits({ address, device }: Bound, { destination }: Flow, devices: ReadonlySet<string>): boolean {
  if (device !== null && !devices.has(device)) return false;
  const v4 = destination.bytes.length === 4;
  if (isAny(address)) return v4 || address === '::';
  return address === destination.address || address === `::ffff:${destination.address}`;
}

/**
 * null if it depends on the order in which the sockets were bound. New sockets go to the front of the list, except IPv6
 * sockets with SO_REUSEPORT, which go to its end.
 */
function winnerOf(list: readonly Bound[], flow: Flow): Bound | null {
  const [only] = list;
  if (only !== undefined && list.length === 1) return only;
  const scored = list.map((bound) => ({ bound, score: scoreOf(bound, flow) }));
  const single = scored.filter(({ bound }) => !isGroup(bound));
  const best = single.reduce((most, { score }) => Math.max(most, score), 0);
  const groups = scored.filter(({ bound }) => isGroup(bound));
  const front = groups.filter(({ bound }) => !bound.address.includes(':'));
  const end = groups.filter(({ score }) => score > best);
  const [first, rival] =
    front.length > 0 ? front : end.length > 0 ? end : single.filter(({ score }) => score === best);
  const decided = first !== undefined && rival === undefined && (front.length === 0 || first.score > best);
  return decided ? first.bound : null;
}

const ON_DEVICE = { tcp: 1, udp: 4 };

function scoreOf({ address, device }: Bound, { protocol, destination }: Flow): number {
  const family = destination.bytes.length === 4 && !address.includes(':') ? 1 : 0;
  return 1 + (device === null ? 0 : ON_DEVICE[protocol]) + family;
}

function whyOf({ address, device }: Bound, { destination }: Flow, candidates: number): string {
  const among = candidates > 1 ? `of ${candidates} that fit: ` : '';
  const bound = device === null ? '' : ` on ${device}`;
  const dual =
    address === '::' && destination.bytes.length === 4 ? ', if IPV6_V6ONLY is off (not known)' : '';
  return `${among}${isAny(address) ? 'any address' : 'exact address'}${bound}${dual}`;
}
