import { percent } from '../../words/phrase.ts';
import { type HotSlot, hotSlot } from '../hot-slot.ts';
import type { Advice, Facts, Finding } from '../types.ts';
import { memberName } from '../workers.ts';

/** One busy source address and port has one hash, and with it one slot, however many workers there are. */
export function udpHotSlot({ served }: Facts): readonly Finding[] {
  return served.flatMap(({ group, advice }): Finding[] => {
    const hot = hotSlot(group);
    if (hot === null) return [];
    const { member, share, total, stateful } = hot;
    return [
      {
        rule: 'udp-hot-slot',
        severity: 'warning',
        subject: group.id,
        message:
          `${memberName(member)} read ${percent(share)} of ${total} datagrams; ` +
          `a fair share is ${percent(1 / group.size)}. ${cure(hot, advice, group.port)}`,
        fix: stateful === null ? advice.fix : [],
      },
    ];
  });
}

function cure({ stateful }: HotSlot, { program, fix, why }: Advice, port: number): string {
  if (stateful !== null)
    return `Port ${port} is most likely ${stateful}, which keeps state: do not use \`rand\`; use \`source-rendezvous\`.`;
  if (program !== 'rand') return why;
  if (fix.length === 0)
    return '`rand` already picks evenly, so the other workers do not read their datagrams.';
  return (
    '`rand` spreads them evenly. Use it only if any worker can handle any datagram, never for QUIC, DTLS or ' +
    'another stateful protocol; these need `source-rendezvous`.'
  );
}
