/** Maps the hash to the rx queue. */
import type { Nic } from '../host/types.ts';
import { unreadRules } from './ntuple.ts';
import type { Hashes } from './rss-hash.ts';

export interface Landing {
  readonly entry: number | null;
  /** Entries of the table; 0 without one. */
  readonly size: number;
  readonly queue: number | null;
  readonly why: string;
}

/** The queue for a packet with one of these hashes; null if they lead to different queues. */
export function lander(nic: Pick<Nic, 'driver' | 'rss' | 'rxQueues'>): (hashes: Hashes) => Landing {
  const table = nic.rss?.indirection ?? [];
  const size = table.length;
  const fixed = oneQueue(nic, table);
  const unless = overrides(nic);
  return ({ possible, why }) => {
    const entries = [...new Set(possible.map(({ hash }) => entryOf(hash, size)))];
    const entry = entries.length === 1 ? (entries[0] ?? null) : null;
    const at = (queue: number | null, reason: string): Landing => ({ entry, size, queue, why: reason });
    if (fixed !== null) return at(fixed.queue, fixed.why);
    if (size === 0) return at(null, 'the RSS table is not known');
    if (entries.length === 0) return at(null, why);
    if (entries.includes(null))
      return at(null, `it is not known which entry of a table of ${size} a hash selects`);
    const queues = [...new Set(entries.flatMap((each) => table[each ?? 0] ?? []))].sort(
      (one, other) => one - other,
    );
    const [queue, another] = queues;
    if (queue === undefined || another !== undefined)
      return at(null, `rx-${queues.join(' or rx-')}, by the hash`);
    return at(queue, `${entry === null ? 'of each of these entries' : `of entry ${entry}`}${unless}`);
  };
}

/** Cases in which the hash does not matter. */
function oneQueue(
  nic: Pick<Nic, 'driver' | 'rss' | 'rxQueues'>,
  table: readonly number[],
): Pick<Landing, 'queue' | 'why'> | null {
  const [only] = nic.rxQueues;
  if (only !== undefined && nic.rxQueues.length === 1) return { queue: only.index, why: 'the only queue' };
  const [first] = table;
  if (first === undefined || table.some((queue) => queue !== first)) return null;
  return { queue: first, why: `of every entry${overrides(nic)}` };
}

/** The low bits of the hash; null if the size is not a power of two, which drivers handle differently. */
function entryOf(hash: number, size: number): number | null {
  return size > 0 && (size & (size - 1)) === 0 ? hash & (size - 1) : null;
}

/** What may override the table for a packet. */
function overrides({ driver, rss }: Pick<Nic, 'driver' | 'rss'>): string {
  // Rules that were read are followed, and only rules lead to a context.
  const rules = unreadRules(rss);
  const contexts = rss?.rules === null || rules > 0 ? (rss?.contexts?.length ?? 0) : 0;
  return [
    rules > 0 ? `, unless one of ${rules} ntuple rules matches (ethtool -n)` : '',
    contexts > 0 ? `, unless one of ${contexts} additional RSS contexts takes it` : '',
    driver === 'virtio_net' ? ', if virtio_net uses its table (it may need one `ethtool -X` first)' : '',
  ].join('');
}
