/** What the watcher makes of what the kernel reports. Pure. */
import type { Heard } from './listen.ts';
import type { Notice } from './watched-machine.ts';

const ETHTOOL = {
  channels: 'its channels were changed',
  rss: 'its RSS table or key was changed',
  'rss-context-created': 'an RSS context was created',
  'rss-context-deleted': 'an RSS context was deleted',
  features: 'its offloads were changed',
  rings: 'its rings were changed',
  coalesce: 'its interrupt coalescing was changed',
  'private-flags': 'a private flag of its driver was changed',
} as const;

/** null: nothing to act on. @param nameOf the interface of an index that the kernel did not name */
export function noticeOf(heard: Heard, nameOf: (ifindex: number) => string | null): Notice | null {
  const ofInterface = (name: string | null, ifindex: number | null, what: string): Notice => {
    const known = name ?? (ifindex === null ? null : nameOf(ifindex));
    return known === null ? { about: 'machine' } : { about: 'interface', name: known, what };
  };
  switch (heard.kind) {
    case 'link':
      return ofInterface(heard.name, heard.ifindex, LINK[heard.event](heard.up, heard.carrier));
    case 'ethtool':
      return ofInterface(heard.name, heard.ifindex, ETHTOOL[heard.what]);
    case 'netdev':
      return ofInterface(null, heard.ifindex, NETDEV[heard.event]);
    case 'socket-closed':
    case 'process-ended':
    case 'cpu':
    case 'lost':
    case 'ended':
      return { about: 'machine' };
    case 'written':
      return heard.own ? null : { about: 'file', path: heard.path, by: heard.by };
  }
}

const NETDEV = {
  added: 'the interface was created',
  gone: 'the interface was deleted',
  changed: 'what XDP can do on it was changed',
} as const;

const LINK = {
  gone: () => 'the interface was deleted',
  moved: () => 'the interface moved to another network namespace',
  changed: (up: boolean, carrier: boolean | null) =>
    !up
      ? 'its link was set down'
      : carrier === false
        ? 'its link lost its carrier'
        : 'its link came up or was changed',
} as const;
