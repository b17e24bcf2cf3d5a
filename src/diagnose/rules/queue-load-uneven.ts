import type { Nic } from '../../host/types.ts';
import { queueShares } from '../../path/shares.ts';
import { percent, queueNames } from '../../words/phrase.ts';
import { byAddress } from '../hash-fields.ts';
import { ENOUGH_INTERRUPTS, interruptLoads, isTooMuch, sum } from '../interrupt-load.ts';
import { bypassesRss } from '../nics.ts';
import type { Facts, Found } from '../types.ts';

/** RSS spreads flows, not packets: all packets of one flow go to one queue, with any table. */
export function queueLoadUneven({ placements, quiet }: Facts): readonly Found[] {
  return placements.flatMap(({ nic, vectors }): Found[] => {
    const loads = interruptLoads(vectors);
    if (loads === null || loads.size < 2 || bypassesRss(nic) || quiet.has(nic)) return [];
    const { ofQueue, size } = queueShares(nic);
    const total = sum(loads.values());
    const hot = [...loads].flatMap(([{ rx, irqs }, load]) => {
      const fair = sum(rx.map((index) => ofQueue.get(index) ?? 0)) / size;
      const share = load / total;
      const busy = fair > 0 && load >= ENOUGH_INTERRUPTS && isTooMuch(share, fair);
      const shared = irqs.some(({ role }) => role === 'rxtx');
      return busy ? [{ rx, shared, share, fair }] : [];
    });
    const [first] = hot.toSorted((one, other) => other.share - one.share);
    if (first === undefined) return [];
    const others = hot.length > 1 ? `, and ${hot.length - 1} more of its queues took too much` : '';
    const rps = nic.rxQueues.find(({ index }) => first.rx.includes(index))?.rps ?? [];
    const spread = rps.length > 1;
    return [
      {
        rule: 'queue-load-uneven',
        severity: spread ? 'info' : 'warning',
        subject: nic.name,
        message:
          `${queueNames('rx', first.rx)} took ${percent(first.share)} of the interrupts of ${nic.name}'s RX queues since boot; a ` +
          `fair share is ${percent(first.fair)}${others}. ${causes(nic, first)} ` +
          (spread
            ? 'RPS spreads its packets over other CPUs.'
            : 'RPS can spread everything but a single flow; `locality-tune xdp spread` also splits one flow, by what a tunnel carries or by bits of the payload.'),
        fix: [],
      },
    ];
  });
}

/** Packets without a hash take the first entry of the table. */
function causes(
  nic: Nic,
  { rx, shared }: { readonly rx: readonly number[]; readonly shared: boolean },
): string {
  const first = nic.rss?.indirection[0] ?? 0;
  const types = (['udp4', 'udp6'] as const).filter((type) => byAddress(nic, type));
  const all = [
    'one busy flow, or few flows',
    `a tunnel, PPPoE, double VLAN tags or fragments${rx.includes(first) ? ' (packets without a hash come in here)' : ''}`,
    ...(types.length > 0 ? [`${types.join(' and ')} hashed without ports`] : []),
    ...(shared ? ['one busy sender, since the TX queue shares the interrupt'] : []),
  ];
  return `Usual causes: ${all.join('; ')}.`;
}
