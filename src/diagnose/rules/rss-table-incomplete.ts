import type { Nic } from '../../host/types.ts';
import { channelsCommand } from '../../words/commands.ts';
import { count, queueNames } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { withEqualTable, withNic } from '../after.ts';
import { bypassesRss, liveNics } from '../nics.ts';
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
    const message = `The RSS table feeds ${named.size} of ${queues} RX queues: ${which} get nothing`;
    if (bypassesRss(nic))
      return report('info', `${message} except from ntuple rules or RSS contexts.`, { fix: [] });
    const severity = quiet.has(nic) ? 'info' : 'warning';
    const reach = Math.min(rssReach(nic) ?? queues, table.length);
    if (reach >= queues)
      return report(severity, `${message}, and the others get their share.`, equalShares(nic));
    const why =
      reach === table.length
        ? `the table has only ${reach} entries`
        : `RSS of this NIC reaches ${reach} queues`;
    return report(severity, `${message}: ${why}.`, { fix: channelsCommand(nic, reach), changes: nic.name });
  });
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
