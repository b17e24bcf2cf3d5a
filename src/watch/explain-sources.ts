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
}

const SUBJECTS: readonly Subject[] = [
  { what: 'interfaces and links', source: 'link', otherwise: every(TIMES.fullMs) },
  {
    what: 'channels, RSS table, key and contexts, by ethtool',
    source: 'ethtool',
    otherwise: every(TIMES.fullMs),
  },
  { what: 'drivers', source: 'netdev', otherwise: every(TIMES.fullMs) },
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

export function explainSources(sources: readonly Source[]): Explained[] {
  return SUBJECTS.map(({ what, source, seen, otherwise, never }) => {
    const found = sources.find(({ name }) => name === source);
    if (found?.ok === true)
      return seen === undefined
        ? { what, how: 'the kernel reports it', why: null }
        : { what, how: seen, why: 'the kernel has no event for it' };
    const why = never ?? found?.why ?? 'it is not watched, because no group is';
    return { what, how: `read every ${otherwise}`, why };
  });
}
