import { channelsCommand } from '../../words/commands.ts';
import { count, queueNames, ranges } from '../../words/phrase.ts';
import { bypassesRss, liveNics } from '../nics.ts';
import type { Facts, Finding } from '../types.ts';

/**
 * A channel change can leave the table behind: queues that no packet reaches, or entries for queues that are
 * gone.
 */
export function rssTableIncomplete({ host, quiet }: Facts): readonly Finding[] {
  return liveNics(host).flatMap((nic): Finding[] => {
    const table = nic.rss?.indirection ?? [];
    const queues = nic.rxQueues.length;
    if (table.length === 0 || queues === 0) return [];
    const named = new Set(table);
    const dry = nic.rxQueues.map(({ index }) => index).filter((index) => !named.has(index));
    const gone = [...named].filter((queue) => queue >= queues);
    const report = (severity: Finding['severity'], message: string, fix: readonly string[]): Finding[] => [
      { rule: 'rss-table-incomplete', severity, subject: nic.name, message, fix },
    ];
    const equal = [`ethtool -X ${nic.name} equal ${queues}`];
    if (gone.length > 0) {
      const message = `The RSS table names queue ${ranges(gone)}, the NIC has ${count(queues, 'RX queue')}.`;
      return report('error', message, equal);
    }
    if (dry.length === 0) return [];
    const which = queueNames('rx', dry);
    const message = `The RSS table feeds ${named.size} of ${queues} RX queues: ${which} get nothing`;
    if (bypassesRss(nic))
      return report('info', `${message} but what ntuple rules or RSS contexts send them.`, []);
    const short = named.size === table.length;
    const why = short ? `: the table has only ${table.length} entries.` : ', and the others get their share.';
    return report(
      quiet.has(nic) ? 'info' : 'warning',
      message + why,
      short ? channelsCommand(nic, table.length) : equal,
    );
  });
}
