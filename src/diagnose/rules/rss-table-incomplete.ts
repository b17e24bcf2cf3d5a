import type { Host, Nic } from '../../host/types.ts';
import { channelsCommand } from '../../words/commands.ts';
import { count, queueNames } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { withEqualTable, withNic } from '../after.ts';
import { reachOf } from '../better-channels.ts';
import { busyQueues } from '../busy-queues.ts';
import { bypassesRss, liveNics, oneCpu } from '../nics.ts';
import { staffedCpus } from '../placement.ts';
import { rssReach } from '../rss-reach.ts';
import type { Facts, Found } from '../types.ts';

/**
 * After a change of channels the table may be outdated: queues that no packet reaches, or entries for queues that are
 * gone.
 */
export function rssTableIncomplete({ host, quiet }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic): Found[] => {
    const table = nic.rss?.indirection ?? [];
    const queues = nic.rxQueues.length;
    if (table.length === 0 || queues === 0) return [];
    const named = new Set(table);
    const dry = nic.rxQueues.map(({ index }) => index).filter((index) => !named.has(index));
    const gone = [...named].filter((queue) => queue >= queues);
    const report = (severity: Found['severity'], message: string, remedy: Remedy): Found[] => [
      { rule: 'rss-table-incomplete', severity, subject: nic.name, message, ...remedy },
    ];
    if (gone.length > 0) {
      const message = `The RSS table names ${queueNames('rx', gone)}, but the NIC has ${count(queues, 'RX queue')}.`;
      return report('error', message, equalShares(nic));
    }
    if (dry.length === 0) return [];
    const which = queueNames('rx', dry);
    const hidden = busyQueues(nic) > named.size;
    const message = hidden
      ? `The RSS table that the driver shows feeds ${named.size} of ${queues} RX queues, but more take interrupts, so the ` +
        `driver may not show the table that the NIC uses (or they are of its TX queues). By that table, ${which} get nothing`
      : `The RSS table feeds ${named.size} of ${queues} RX queues: ${which} ${dry.length === 1 ? 'gets' : 'get'} nothing`;
    if (bypassesRss(nic))
      return report('info', `${message} except from ntuple rules or RSS contexts.`, { fix: [] });
    if (feedsWorkers(host, nic, named))
      return report('info', `${message}: each of the others is on the CPU of a worker.`, { fix: [] });
    const severity = quiet.has(nic) ? 'info' : 'warning';
    const reach = reachOf(nic);
    if (reach >= queues)
      return report(severity, `${message}, and the others get their share.`, equalShares(nic));
    const why =
      reach === table.length
        ? `the table has only ${reach} entries`
        : `RSS of this NIC reaches ${reach} queues`;
    return report(severity, `${message}: ${why}.`, { fix: channelsCommand(nic, reach), changes: nic.name });
  });
}

/** As a plan makes it: one queue for each worker, on its CPU, and none for other CPUs. */
function feedsWorkers(host: Host, nic: Nic, fed: ReadonlySet<number>): boolean {
  const staffed = staffedCpus(host, nic);
  const cpus = nic.rxQueues.flatMap((queue) => (fed.has(queue.index) ? (oneCpu(queue) ?? []) : []));
  const all = new Set(cpus);
  return staffed !== null && fed.size === staffed.length && staffed.every((cpu) => all.has(cpu));
}

type Remedy = Pick<Found, 'fix' | 'after' | 'changes'>;

/** A table over as many queues as RSS reaches. */
function equalShares(nic: Nic): Remedy {
  const queues = Math.min(nic.rxQueues.length, rssReach(nic) ?? nic.rxQueues.length);
  return {
    fix: [`ethtool -X ${word(nic.name)} equal ${queues}`],
    after: (host) => withNic(host, nic.name, (each) => withEqualTable(each, queues)),
  };
}
