/** What the watcher makes of what the kernel reports. Pure. */
import type { EthtoolEvent } from '../system/ethtool-events.ts';
import type { LinkEvent } from '../system/link-events.ts';
import type { NetdevEvent } from '../system/netdev-events.ts';
import type { Heard } from './listen.ts';
import type { Notice } from './watched-machine.ts';

type OfInterface = Pick<Extract<Notice, { readonly about: 'interface' }>, 'what' | 'changes' | 'own'>;

const ETHTOOL: Readonly<Record<EthtoolEvent['what'], OfInterface>> = {
  channels: { what: 'its channels were changed', changes: 'all', own: ['channels'] },
  rss: { what: 'its RSS table or key was changed', changes: 'own', own: ['rss', 'fields'] },
  'rss-context-created': { what: 'an RSS context was created', changes: 'own', own: ['rss'] },
  'rss-context-deleted': { what: 'an RSS context was deleted', changes: 'own', own: ['rss'] },
  features: { what: 'its offloads were changed', changes: 'all', own: ['feature'] },
  rings: { what: 'its rings were changed', changes: 'all', own: [] },
  coalesce: { what: 'its interrupt coalescing was changed', changes: 'all', own: [] },
  'private-flags': { what: 'a private flag of its driver was changed', changes: 'all', own: [] },
};

/** null: nothing to act on. @param nameOf the interface of an index that the kernel did not name */
export function noticeOf(heard: Heard, nameOf: (ifindex: number) => string | null): Notice | null {
  const ofInterface = (name: string | null, ifindex: number | null, what: OfInterface): Notice => {
    const known = name ?? (ifindex === null ? null : nameOf(ifindex));
    return known === null ? { about: 'machine' } : { about: 'interface', name: known, ...what };
  };
  switch (heard.kind) {
    case 'link':
      return ofInterface(heard.name, heard.ifindex, linkChange(heard));
    case 'ethtool':
      return ofInterface(heard.name, heard.ifindex, ETHTOOL[heard.what]);
    case 'netdev':
      return ofInterface(null, heard.ifindex, NETDEV[heard.event]);
    case 'cpu':
      return { about: 'cpu', cpu: heard.cpu, online: heard.online };
    case 'socket-closed':
    case 'process-ended':
    case 'lost':
    case 'ended':
      return { about: 'machine' };
    case 'written':
      return heard.own ? null : { about: 'file', path: heard.path, by: heard.by };
  }
}

const NETDEV: Readonly<Record<NetdevEvent['event'], OfInterface>> = {
  added: { what: 'the interface was created', changes: 'all', own: [] },
  gone: { what: 'the interface was deleted', changes: 'all', own: [] },
  // Somebody has attached or detached an XDP program, or the interface went up.
  changed: { what: 'what XDP can do on it was changed', changes: 'link', own: [] },
};

function linkChange({ event, up, carrier }: LinkEvent): OfInterface {
  switch (event) {
    case 'gone':
      return { what: 'the interface was deleted', changes: 'all', own: [] };
    case 'moved':
      return { what: 'the interface moved to another network namespace', changes: 'all', own: [] };
    case 'changed':
      return { what: stateText(up, carrier), changes: 'link', own: [] };
  }
}

function stateText(up: boolean, carrier: boolean | null): string {
  if (!up) return 'its link was set down';
  return carrier === false ? 'its link lost its carrier' : 'its link came up or was changed';
}
