import type { Host } from '../../host/types.ts';
import { count } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { withNic } from '../after.ts';
import { busyQueues } from '../busy-queues.ts';
import { liveNics } from '../nics.ts';
import { goodKey, weakKey } from '../rss-key.ts';
import type { Facts, Found } from '../types.ts';

const OTHERWISE =
  ' More queues than that take interrupts, so the driver may not show the key that the NIC uses (or they are of its TX queues).';

/** A key of zeros gives every flow the same hash; one whose bytes repeat gives few different ones. */
export function rssKeyWeak({ host, quiet }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic): Found[] => {
    const spread = weakKey(nic);
    if (spread === null) return [];
    const key = goodKey((nic.rss?.key ?? '').split(':').length);
    return [
      {
        rule: 'rss-key-weak',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message:
          `The RSS key cannot spread flows: ${spread.why}, so the flows to one address reach at most ` +
          `${count(spread.reached, 'queue')} of ${spread.named}.${busyQueues(nic) > spread.reached ? OTHERWISE : ''}`,
        fix: [`ethtool -X ${word(nic.name)} hkey ${key}`],
        after: (each: Host) =>
          withNic(each, nic.name, (own) => (own.rss === null ? own : { ...own, rss: { ...own.rss, key } })),
      },
    ];
  });
}
