/** Another number of channels than the present one, for a NIC whose queues cannot spread packets as they are. */
import type { Cpus } from '../host/cpus.ts';
import type { Host, Nic } from '../host/types.ts';
import { nicsFeeding } from '../path/receiving-nics.ts';
import { pinnedMembers } from './groups.ts';
import { bypassesRss, homeCpus, liveNics, maxRxQueues } from './nics.ts';
import { rssReach } from './rss-reach.ts';
import { usableCpus } from './usable-cpus.ts';
import { countWorkers } from './workers.ts';

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
  if (now === 1 && idle && max > 1 && rpsCpus(host, nic).length > 1 && cpus.length > 1)
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

/**
 * CPUs that should receive for a NIC with one queue: those of the workers that it feeds, if each is pinned to its own. If
 * one thread reads everything, that is one CPU, and neither RPS nor another queue helps.
 */
export function rpsCpus(host: Host, nic: Nic): Cpus {
  return readingCpus(host, nic) ?? nearCpus(host, nic);
}

function readingCpus(host: Host, nic: Nic): Cpus | null {
  const cpus = new Set<number>();
  for (const group of host.groups) {
    if (group.size < 2 || group.newFlows === false || !nicsFeeding(group, host).has(nic)) continue;
    const pinned = pinnedMembers(group);
    const on = new Set(pinned.values());
    if (pinned.size < group.size || on.size < countWorkers(group)) return null;
    for (const cpu of on) cpus.add(cpu);
  }
  const usable = usableCpus(host).filter((cpu) => cpus.has(cpu));
  return usable.length > 0 ? usable : null;
}

function nearCpus(host: Host, nic: Nic): Cpus {
  const home = homeCpus(host, nic) ?? [];
  return home.length > 1 ? home : usableCpus(host);
}
