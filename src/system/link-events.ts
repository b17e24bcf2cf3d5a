/** Notifications of rtnetlink's LINK group (include/uapi/linux/if_link.h, net/core/rtnetlink.c). */
import { decodeAttributes, decodeMessages, text, unsigned } from './netlink.ts';

export const RTNLGRP_LINK = 1;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const SIZEOF_IFINFOMSG = 16;
const IFF_UP = 1;
const IFLA_IFNAME = 3;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_CARRIER = 33;
const IFLA_NEW_NETNSID = 45;
const IFLA_NEW_IFINDEX = 49;

/** RFC 2863, as /sys/class/net/IF/operstate has it. */
const OPERSTATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'];

/** An interface as it is now, after any change of it: created, up or down, carrier, renamed, moved below a master. */
export interface LinkEvent {
  readonly kind: 'link';
  /** `gone`: deleted. `moved`: in another network namespace now. */
  readonly event: 'changed' | 'gone' | 'moved';
  readonly ifindex: number;
  /** null if the kernel does not say. */
  readonly name: string | null;
  /** Administratively up (`ip link set up`). */
  readonly up: boolean;
  /** null if the kernel does not say. */
  readonly carrier: boolean | null;
  /** Text of /sys/class/net/IF/operstate. */
  readonly operstate: string | null;
  /** ifindex of its bond, bridge or VRF; null: none. */
  readonly master: number | null;
}

/** The notifications of a datagram, from any bytes. */
export function decodeLinkEvents(bytes: Uint8Array): LinkEvent[] {
  return decodeMessages(bytes).flatMap(({ type, payload }) => {
    if ((type !== RTM_NEWLINK && type !== RTM_DELLINK) || payload.length < SIZEOF_IFINFOMSG) return [];
    // Of another family: a bridge reports one of its ports, and its RTM_DELLINK means that the port left it.
    if (payload[0] !== 0) return [];
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const attributes = decodeAttributes(payload.subarray(SIZEOF_IFINFOMSG));
    const name = attributes.get(IFLA_IFNAME);
    const carrier = unsigned(attributes.get(IFLA_CARRIER));
    const moved = attributes.has(IFLA_NEW_NETNSID) || attributes.has(IFLA_NEW_IFINDEX);
    return [
      {
        kind: 'link',
        event: type === RTM_NEWLINK ? 'changed' : moved ? 'moved' : 'gone',
        ifindex: view.getInt32(4, true),
        name: name === undefined ? null : text(name),
        up: (view.getUint32(8, true) & IFF_UP) !== 0,
        carrier: carrier === null ? null : carrier !== 0,
        operstate: OPERSTATES[unsigned(attributes.get(IFLA_OPERSTATE)) ?? OPERSTATES.length] ?? null,
        master: unsigned(attributes.get(IFLA_MASTER)) || null,
      },
    ];
  });
}
