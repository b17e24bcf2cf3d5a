/** `rss=…`: the tables that `ethtool -X` would write. */
import type { Host, Nic } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import { eachNic } from './nics.ts';

/** A table of `size` entries for a NIC with this many queues. Throws Failure for weights that do not fit. */
type Table = (size: number, queues: number) => readonly number[];

/** @param count null: all queues */
export function equalTable(count: number | null, first: number): Table {
  return (size, queues) => Array.from({ length: size }, (_, entry) => first + (entry % (count ?? queues)));
}

/** Rounds as ethtool's fill_indir_table() does (ethtool.c). */
export function weightedTable(weights: readonly number[]): Table {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return (size) => {
    if (sum > size)
      throw failure(
        'refused-change',
        `rss=weight: the sum of ${sum} exceeds a table of ${size}`,
        'scale the weights down',
      );
    let queue = -1;
    let partial = 0;
    return Array.from({ length: size }, (_, entry) => {
      while (entry >= Math.floor((size * partial) / sum)) partial += weights[++queue] ?? 0;
      return queue;
    });
  };
}

export function setTable(table: Table): (host: Host) => Host {
  return (host) => eachNic(host, (nic) => tabled(nic, table));
}

function tabled(nic: Nic, table: Table): Nic {
  const size = nic.rss?.indirection.length ?? 0;
  const queues = nic.rxQueues.length;
  if (size === 0)
    throw failure(
      'refused-change',
      `${nic.name}: rss: it has no RSS table`,
      'choose other interfaces with --iface',
    );
  const entries = table(size, queues);
  const highest = entries.reduce((high, queue) => Math.max(high, queue), 0);
  if (highest < queues) return withTable(nic, entries);
  const message = `${nic.name}: rss: there is no queue ${highest}: it has ${queues}`;
  throw failure('refused-change', message, `put "channels=${highest + 1}" before it`);
}

export function withTable(nic: Nic, indirection: readonly number[]): Nic {
  if (nic.rss === null) return nic;
  const isDefault = indirection.every((queue, entry) => queue === entry % nic.rxQueues.length);
  return { ...nic, rss: { ...nic.rss, indirection, isDefault } };
}
