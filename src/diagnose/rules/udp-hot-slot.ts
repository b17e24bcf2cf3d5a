import type { Group } from '../../host/types.ts';
import { percent } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import { type Cause, hotSlot } from '../hot-slot.ts';
import { ownProgram } from '../programs.ts';
import type { Facts, Found } from '../types.ts';
import { memberName } from '../workers.ts';

/** Under the hash, one busy source address and port goes to one slot, with any number of workers. */
export function udpHotSlot({ served }: Facts): readonly Found[] {
  return served.flatMap(({ group, advice }): Found[] => {
    const hot = hotSlot(group);
    if (hot === null) return [];
    const { member, share, total, cause } = hot;
    return [
      {
        rule: 'udp-hot-slot',
        severity: 'warning',
        subject: group.id,
        message:
          `${memberName(member)}${ofWhom(member.owners)} read ${percent(share)} of ${total} datagrams; ` +
          `a fair share is ${percent(1 / group.size)}.`,
        remedy: remedyFor(cause, group),
        fix: advice.program === 'rand' ? advice.fix : [],
      },
    ];
  });
}

function remedyFor(cause: Cause, group: Group): string {
  if (cause.by === 'cpu') return BUSY_CPU;
  if (cause.by === 'program')
    return ownProgram(group)?.name === 'rand'
      ? '`rand` already picks evenly, so the other workers do not read their datagrams.'
      : 'The attached program decides that.';
  if (cause.stateless === false)
    return `Port ${group.port} is most likely ${cause.protocol}, which keeps state: do not use \`rand\`. Every program that keeps the peers right leaves a busy source with one worker. The sender can spread it, or \`locality-tune xdp spread --port ${group.port}\` by what its datagrams carry (QUIC connection id, inner flow).`;
  if (cause.stateless === true)
    return `\`rand\` spreads the datagrams of few sources evenly, if port ${group.port} is ${cause.protocol} as usual.`;
  return (
    `Few sources send. \`locality-tune attach --port ${group.port} --udp --program rand\` would spread their datagrams, ` +
    'but only if any worker can handle any datagram: never for QUIC, DTLS or another stateful protocol, whose peers must stay with one worker. It spreads sockets, not CPUs: if all of them arrive in one RX queue, see `locality-tune xdp spread`.'
  );
}

const BUSY_CPU =
  'The slot is chosen by CPU, so one CPU receives most of them: look at how evenly the queues of the NIC are loaded.';
