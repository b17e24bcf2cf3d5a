/**
 * Notifications of the ethtool family's group `monitor` (include/uapi/linux/ethtool_netlink_generated.h). The kernel sends
 * them for changes by ioctl too, there also if nothing changed (Documentation/networking/ethtool-netlink.rst).
 */
import { decodeGenlMessages } from './genetlink.ts';
import { decodeAttributes, text, unsigned } from './netlink.ts';

/** ETHTOOL_MSG_*_NTF. */
const NOTIFICATIONS = {
  13: 'features',
  15: 'private-flags',
  17: 'rings',
  19: 'channels',
  21: 'coalesce',
  50: 'rss',
  52: 'rss-context-created',
  53: 'rss-context-deleted',
} as const;
/** The header is the first attribute of every message. */
const ETHTOOL_A_HEADER = 1;
const ETHTOOL_A_HEADER_DEV_INDEX = 1;
const ETHTOOL_A_HEADER_DEV_NAME = 2;
const ETHTOOL_A_RSS_CONTEXT = 2;

export interface EthtoolEvent {
  readonly kind: 'ethtool';
  readonly what: (typeof NOTIFICATIONS)[keyof typeof NOTIFICATIONS];
  /** null if the kernel does not say. */
  readonly ifindex: number | null;
  readonly name: string | null;
  /** The RSS context; null for the main table, and for everything but RSS. */
  readonly context: number | null;
}

const isKnown = (command: number): command is keyof typeof NOTIFICATIONS => command in NOTIFICATIONS;

/** Those of the notifications in a datagram that concern queues, from any bytes. `family`: number of the family. */
export function decodeEthtoolEvents(bytes: Uint8Array, family: number): EthtoolEvent[] {
  return decodeGenlMessages(bytes, family).flatMap(({ command, attributes }) => {
    if (!isKnown(command)) return [];
    const header = decodeAttributes(attributes.get(ETHTOOL_A_HEADER) ?? new Uint8Array());
    const name = header.get(ETHTOOL_A_HEADER_DEV_NAME);
    const what = NOTIFICATIONS[command];
    return [
      {
        kind: 'ethtool',
        what,
        ifindex: unsigned(header.get(ETHTOOL_A_HEADER_DEV_INDEX)),
        name: name === undefined ? null : text(name),
        context: what.startsWith('rss') ? unsigned(attributes.get(ETHTOOL_A_RSS_CONTEXT)) || null : null,
      },
    ];
  });
}
