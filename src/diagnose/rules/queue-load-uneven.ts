import type { Nic } from '../../host/types.ts';
import { percent, queueNames } from '../../words/phrase.ts';
import { filledQueue } from '../filled-queue.ts';
import { byAddress } from '../hash-fields.ts';
import { hotQueues } from '../hot-queue.ts';
import type { Facts, Found } from '../types.ts';

/** RSS spreads flows, not packets: all packets of one flow go to one queue, with any table. */
export function queueLoadUneven(facts: Facts): readonly Found[] {
  return facts.placements.flatMap((placement): Found[] => {
    const { nic } = placement;
    const hot = hotQueues(facts, placement);
    const [first] = hot;
    // Where the flow is known, flow-fills-queue says more.
    if (first === undefined || filledQueue(facts, placement) !== null) return [];
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
