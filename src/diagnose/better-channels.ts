/** Another number of channels than the present one, for a NIC whose queues cannot spread packets as they are. */
import type { Cpus } from '../host/cpus.ts';
import type { Host, Nic } from '../host/types.ts';
import { bypassesRss, homeCpus, liveNics, maxRxQueues } from './nics.ts';
import { staffedCpus } from './placement.ts';
import { rssReach } from './rss-reach.ts';
import { usableCpus } from './usable-cpus.ts';

export interface BetterChannels {
  readonly queues: number;
  /** One sentence. */
  readonly why: string;
}

/** null: the present number is right, or not known to be wrong. Several RX queues never become more for no worker. */
export function betterChannels(host: Host, nic: Nic): BetterChannels | null {
  if (!liveNics(host).includes(nic)) return null;
  const now = nic.rxQueues.length;
  const cpus = nearCpus(host, nic);
  const max = Math.min(maxRxQueues(nic) ?? 1, nic.rss?.indirection.length || Number.POSITIVE_INFINITY);
  const idle = nic.rxQueues.every(({ rps }) => (rps?.length ?? 0) === 0);
  if (now === 1 && idle && cpus.length > 1 && max > 1)
    return { queues: Math.min(cpus.length, max), why: 'One queue would receive everything on one CPU.' };
  const table = new Set(nic.rss?.indirection);
  const reach = reachOf(nic);
  const dry = nic.rxQueues.some(({ index }) => !table.has(index));
  const gone = [...table].some((queue) => queue >= now);
  return table.size > 0 && reach < now && dry && !gone && !bypassesRss(nic)
    ? { queues: reach, why: `RSS of this NIC reaches ${reach} queues; the others get nothing.` }
    : null;
}

/** The number of queues that its RSS table can feed. */
export function reachOf(nic: Nic): number {
  const queues = nic.rxQueues.length;
  return Math.min(rssReach(nic) ?? queues, nic.rss?.indirection.length || queues);
}

/** CPUs for RPS of a NIC with one queue: those of the workers that it feeds, if all are pinned. */
export function rpsCpus(host: Host, nic: Nic): Cpus {
  const staffed = staffedCpus(host, nic) ?? [];
  return staffed.length > 1 ? staffed : nearCpus(host, nic);
}

function nearCpus(host: Host, nic: Nic): Cpus {
  const home = homeCpus(host, nic) ?? [];
  return home.length > 1 ? home : usableCpus(host);
}
