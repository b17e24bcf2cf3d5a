/** Notifications of the netdev family's group `mgmt` (include/uapi/linux/netdev.h). */
import { decodeGenlMessages } from './genetlink.ts';
import { unsigned } from './netlink.ts';

/** NETDEV_CMD_DEV_*_NTF. */
const NOTIFICATIONS = { 2: 'added', 3: 'gone', 4: 'changed' } as const;
const NETDEV_A_DEV_IFINDEX = 1;

export interface NetdevEvent {
  readonly kind: 'netdev';
  /** `changed`: the capabilities of XDP and zero copy. */
  readonly event: (typeof NOTIFICATIONS)[keyof typeof NOTIFICATIONS];
  readonly ifindex: number;
}

const isKnown = (command: number): command is keyof typeof NOTIFICATIONS => command in NOTIFICATIONS;

/** The notifications of a datagram, from any bytes. `family`: number of the family. */
export function decodeNetdevEvents(bytes: Uint8Array, family: number): NetdevEvent[] {
  return decodeGenlMessages(bytes, family).flatMap(({ command, attributes }) => {
    const ifindex = unsigned(attributes.get(NETDEV_A_DEV_IFINDEX));
    return isKnown(command) && ifindex !== null
      ? [{ kind: 'netdev', event: NOTIFICATIONS[command], ifindex }]
      : [];
  });
}
