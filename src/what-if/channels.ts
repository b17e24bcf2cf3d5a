/** `channels=N`: the machine after `ethtool -L`. */
import type { ChannelCount, Host, Nic, RxQueue, TxQueue } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import { eachNic } from './nics.ts';
import { withTable } from './table.ts';

/** IRQs of queues that do not exist yet have no known CPU; `irq=spread` places them. */
export function withChannels(count: number): (host: Host) => Host {
  return (host) => eachNic(host, (nic) => resized(nic, count));
}

function resized(nic: Nic, count: number): Nic {
  const { channels } = nic;
  const which = channels?.combined ? (['combined'] as const) : (['rx', 'tx'] as const);
  const most = Math.min(...which.map((kind) => channels?.[kind]?.max ?? Number.POSITIVE_INFINITY));
  if (count > most)
    throw failure(
      'refused-change',
      `${nic.name}: channels=${count}: it has at most ${most}`,
      '`ethtool -l` shows the maximum',
    );
  const table = nic.rss?.indirection ?? [];
  const highest = table.reduce((high, queue) => Math.max(high, queue), 0);
  if (nic.rss?.isDefault !== true && highest >= count) {
    const why = `its RSS table names queue ${highest}: the kernel would refuse (EINVAL)`;
    throw failure(
      'refused-change',
      `${nic.name}: channels=${count}: ${why}`,
      `put "rss=equal ${count}" before it`,
    );
  }
  const current = (setting: ChannelCount | null) => setting && { ...setting, current: count };
  const settings = channels && {
    ...channels,
    ...Object.fromEntries(which.map((kind) => [kind, current(channels[kind])])),
  };
  const grown: Nic = {
    ...nic,
    channels: settings,
    rxQueues: fill(nic.rxQueues, count, (index): RxQueue => ({ ...unplaced(index), rps: [], rfsFlows: 0 })),
    txQueues: fill(
      nic.txQueues,
      count,
      (index): TxQueue => ({ ...unplaced(index), xpsCpus: [], xpsRxqs: [] }),
    ),
  };
  return nic.rss?.isDefault === true
    ? withTable(
        grown,
        table.map((_, entry) => entry % count),
      )
    : grown;
}

const unplaced = (index: number) => ({ index, irq: null, cpus: [], cpusSource: null });

function fill<T extends { readonly index: number }>(
  queues: readonly T[],
  count: number,
  make: (index: number) => T,
): T[] {
  const known = new Map(queues.map((queue) => [queue.index, queue]));
  return Array.from({ length: count }, (_, index) => known.get(index) ?? make(index));
}
