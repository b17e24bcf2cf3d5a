/** Netlink sockets that receive what the kernel sends to multicast groups. All throw SystemError. */
import { type CpuEvent, decodeCpuEvents, onlineFilter, UEVENT_GROUP } from './cpu-events.ts';
import { failure } from './errors.ts';
import { decodeEthtoolEvents, type EthtoolEvent } from './ethtool-events.ts';
import { lookUpFamily } from './genetlink.ts';
import { decodeLinkEvents, type LinkEvent, RTNLGRP_LINK } from './link-events.ts';
import { native } from './native.ts';
import { decodeNetdevEvents, type NetdevEvent } from './netdev-events.ts';
import { NETLINK_GENERIC, NETLINK_KOBJECT_UEVENT, NETLINK_ROUTE, NETLINK_SOCK_DIAG } from './netlink.ts';
import { closedSocketFilter, DESTROY_GROUPS, decodeSocketEvents, type SocketEvent } from './socket-events.ts';
import type { DiagSocket } from './types.ts';

/** The caller closes the descriptor. */
export interface Notifications<Event> {
  readonly fd: number;
  /** The events of a datagram, from any bytes. */
  readonly decode: (bytes: Uint8Array) => Event[];
}

const NOTHING = new Uint8Array();

const join = (protocol: number, groups: readonly number[], filter: Uint8Array = NOTHING): number =>
  native().netlinkJoin(protocol, Buffer.from(Uint32Array.from(groups).buffer), filter);

export const linkNotifications = (): Notifications<LinkEvent> => ({
  fd: join(NETLINK_ROUTE, [RTNLGRP_LINK]),
  decode: decodeLinkEvents,
});

export const cpuNotifications = (): Notifications<CpuEvent> => ({
  fd: join(NETLINK_KOBJECT_UEVENT, [UEVENT_GROUP], onlineFilter()),
  decode: decodeCpuEvents,
});

/** Failure `unsupported` before Linux 5.6. */
export async function ethtoolNotifications(): Promise<Notifications<EthtoolEvent>> {
  const { fd, family } = await joinFamily('ethtool', 'monitor', '5.6');
  return { fd, decode: (bytes) => decodeEthtoolEvents(bytes, family) };
}

/** Failure `unsupported` before Linux 6.3. */
export async function netdevNotifications(): Promise<Notifications<NetdevEvent>> {
  const { fd, family } = await joinFamily('netdev', 'mgmt', '6.3');
  return { fd, decode: (bytes) => decodeNetdevEvents(bytes, family) };
}

/** Of sockets on one of `ports`; of all sockets if the list is empty. */
export const socketNotifications = (
  protocol: DiagSocket['protocol'],
  ports: readonly number[],
): Notifications<SocketEvent> => ({
  fd: join(NETLINK_SOCK_DIAG, DESTROY_GROUPS[protocol], closedSocketFilter(ports)),
  decode: (bytes) => decodeSocketEvents(bytes, protocol),
});

async function joinFamily(
  name: string,
  group: string,
  since: string,
): Promise<{ fd: number; family: number }> {
  const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_GENERIC, request);
  const family = await lookUpFamily(ask, name);
  const number = family?.groups.get(group);
  if (family === null || number === undefined)
    throw failure(
      'unsupported',
      `this kernel has no ${name} notifications (Linux ${since})`,
      'polls instead',
    );
  return { fd: join(NETLINK_GENERIC, [number]), family: family.id };
}
