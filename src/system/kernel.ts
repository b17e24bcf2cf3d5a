/** The live kernel, by system calls. */
import { borrow } from './borrow.ts';
import { readDescriptors } from './descriptors.ts';
import { ethtoolFacts, ethtoolStatistics } from './ethtool.ts';
import { native } from './native.ts';
import { netdevNapis, netdevQueues } from './netdev-queues.ts';
import { NETLINK_GENERIC, NETLINK_SOCK_DIAG } from './netlink.ts';
import { ntupleRules } from './ntuple.ts';
import { rssContexts } from './rss-contexts.ts';
import { dumpConnections, dumpSockets } from './sock-diag.ts';
import type { DiagSocket, Kernel } from './types.ts';

export function openKernel(): Kernel {
  const { netlinkRequest, ethtoolIoctl, schedGetaffinity } = native();
  return {
    sockets: () => dumpSockets((request) => netlinkRequest(NETLINK_SOCK_DIAG, request)),
    descriptors: readDescriptors,
    async ethtool(device) {
      const contexts = rssContexts((request) => netlinkRequest(NETLINK_GENERIC, request), device);
      const ask = (request: Uint8Array) => ethtoolIoctl(device, request);
      const [known, listed] = await Promise.all([ethtoolFacts(ask), contexts]);
      return { ...known, rules: await ntupleRules(ask, known.ntupleRules), rssContexts: listed };
    },
    statistics: (device) => ethtoolStatistics((request) => ethtoolIoctl(device, request)),
    netdevQueues: (ifindex) => netdevQueues((request) => netlinkRequest(NETLINK_GENERIC, request), ifindex),
    netdevNapis: (ifindex) => netdevNapis((request) => netlinkRequest(NETLINK_GENERIC, request), ifindex),
    affinity: (tid) => schedGetaffinity(tid),
    borrow,
  };
}

/** Established TCP connections to a local port; an inode of 0: not accepted yet. Throws SystemError. */
export const connectionsTo = (port: number): Promise<DiagSocket[]> =>
  dumpConnections((request) => native().netlinkRequest(NETLINK_SOCK_DIAG, request), port);
