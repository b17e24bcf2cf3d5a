/** How each kind of change is noticed, and why not sooner. Pure. */
import type { Source, SourceName } from './listen.ts';
import { TIMES } from './times.ts';

export interface Explained {
  /** What changes. */
  readonly what: string;
  /** How it is noticed here. */
  readonly how: string;
  /** Why the kernel cannot report it; null where it does. */
  readonly why: string | null;
}

const SECONDS = 1000;
const every = (ms: number): string => (ms < 60 * SECONDS ? `${ms / SECONDS} s` : `${ms / 60 / SECONDS} min`);

interface Subject {
  readonly what: string;
  /** The source that reports it; null: no kernel does. */
  readonly source: SourceName | null;
  /** What the source does, if it is not that the kernel reports something. */
  readonly seen?: string;
  readonly otherwise: string;
  readonly never?: string;
  /** The first Linux whose source reports it, if the source is older. */
  readonly since?: readonly [number, number];
}

const SUBJECTS: readonly Subject[] = [
  { what: 'interfaces, links and XDP programs', source: 'link', otherwise: every(TIMES.fullMs) },
  { what: 'channels, rings and offloads', source: 'ethtool', otherwise: every(TIMES.fullMs) },
  {
    what: 'RSS table, key, hash fields and contexts',
    source: 'ethtool',
    otherwise: every(TIMES.fullMs),
    // ethnl_rss_notify() and others, net/ethtool/rss.c.
    since: [6, 17],
  },
  { what: 'what XDP can do on an interface', source: 'netdev', otherwise: every(TIMES.fullMs) },
  { what: 'CPUs that go offline or online', source: 'cpu', otherwise: every(TIMES.fullMs) },
  {
    what: 'interrupt affinity, XPS, RPS and RFS that a process writes',
    source: 'files',
    otherwise: every(TIMES.fullMs),
  },
  {
    what: 'the same, where a driver or irqbalance in another pid namespace changes it',
    source: null,
    otherwise: every(TIMES.fullMs),
    never: 'it is no write to a file of this mount',
  },
  {
    what: 'bans of irqbalance',
    source: null,
    otherwise: every(TIMES.fullMs),
    never: 'irqbalance has no event for it',
  },
  {
    what: 'workers that end, and their listeners with them',
    source: 'processes',
    otherwise: every(TIMES.pulseMs),
  },
  { what: 'UDP sockets that close', source: 'udp', otherwise: every(TIMES.pulseMs) },
  {
    what: 'sockets that join a group, and workers of a reload',
    source: null,
    otherwise: every(TIMES.pulseMs),
    never: 'the kernel has no event for it',
  },
  {
    what: 'pins of workers',
    source: null,
    otherwise: every(TIMES.fullMs),
    never: 'sched_setaffinity has no event',
  },
  {
    what: 'a program that somebody attached or detached',
    source: 'programs',
    seen: `its address in the kernel is compared every ${every(TIMES.pulseMs)}`,
    otherwise: every(TIMES.slotsMs),
  },
];

/** @param release as `uname -r` prints it */
export function explainSources(sources: readonly Source[], release: string): Explained[] {
  return SUBJECTS.map(({ what, source, seen, otherwise, never, since }) => {
    const found = sources.find(({ name }) => name === source);
    if (since !== undefined && isBefore(release, since)) {
      const why = `the kernel reports it since Linux ${since.join('.')}, and this is ${release}`;
      return { what, how: `read every ${otherwise}`, why };
    }
    if (found?.ok === true)
      return seen === undefined
        ? { what, how: 'the kernel reports it', why: null }
        : { what, how: seen, why: 'the kernel has no event for it' };
    const why = never ?? found?.why ?? 'it is not watched, because no group is';
    return { what, how: `read every ${otherwise}`, why };
  });
}

/** A release that cannot be read counts as new. */
function isBefore(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (first === undefined) return false;
  return Number(first) < major || (Number(first) === major && Number(second) < minor);
}
