import type { Host, Nic } from '../../host/types.ts';
import { count } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { withNic } from '../after.ts';
import { ENOUGH_INTERRUPTS, interruptLoads, sum } from '../interrupt-load.ts';
import { liveNics } from '../nics.ts';
import { goodKey, keySpread } from '../rss-key.ts';
import type { Facts, Found } from '../types.ts';
import { vectorsOf } from '../vectors.ts';

const OTHERWISE =
  ' More queues than that take interrupts, so the driver may not show the key that the NIC uses (or they are of its TX queues).';

/** RX queues with at least half of an even share of the interrupts. */
function busy(nic: Nic): number {
  const loads = [...(interruptLoads(vectorsOf(nic, null)) ?? [])];
  const total = sum(loads.map(([, load]) => load));
  if (total < ENOUGH_INTERRUPTS) return 0;
  const half = total / loads.length / 2;
  return loads.reduce((count, [{ rx }, load]) => count + (load >= half ? rx.length : 0), 0);
}

/** A key of zeros gives every flow the same hash; one whose bytes repeat gives few different ones. */
export function rssKeyWeak({ host, quiet }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic): Found[] => {
    const spread = keySpread(nic);
    if (spread === null || spread.named < 2 || spread.reached >= spread.named) return [];
    const key = goodKey((nic.rss?.key ?? '').split(':').length);
    return [
      {
        rule: 'rss-key-weak',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message:
          `The RSS key cannot spread flows: ${spread.why}, so the flows to one address reach at most ` +
          `${count(spread.reached, 'queue')} of ${spread.named}.${busy(nic) > spread.reached ? OTHERWISE : ''}`,
        fix: [`ethtool -X ${word(nic.name)} hkey ${key}`],
        after: (each: Host) =>
          withNic(each, nic.name, (own) => (own.rss === null ? own : { ...own, rss: { ...own.rss, key } })),
      },
    ];
  });
}
