import type { Group } from '../../host/types.ts';
import { steer } from '../commands.ts';
import { memberName, servedGroups } from '../groups.ts';
import { percent } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/** Fewer datagrams than this say nothing about how they spread. */
const ENOUGH = 100;

/** Ports whose protocols keep state for each peer, so that its datagrams must stay with one worker. */
const STATEFUL: ReadonlyMap<number, string> = new Map([
  [443, 'QUIC'],
  [500, 'IKE'],
  [853, 'DNS over QUIC'],
  [1194, 'OpenVPN'],
  [3478, 'TURN'],
  [4500, 'IKE'],
  [5060, 'SIP'],
  [8443, 'QUIC'],
  [51820, 'WireGuard'],
]);

/** One busy source address and port has one hash, and with it one slot, however many workers there are. */
export function udpHotSlot(view: View): readonly Finding[] {
  const command = steer(view.host);
  return servedGroups(view).flatMap(({ group }): Finding[] => {
    const total = group.sockets.reduce((sum, { packets }) => sum + (packets ?? 0), 0);
    const [hot] = group.sockets.toSorted((one, other) => (other.packets ?? 0) - (one.packets ?? 0));
    const share = (hot?.packets ?? 0) / total;
    const sampled = group.sockets.every(({ packets }) => packets !== null);
    if (group.protocol !== 'udp' || !hot || !sampled || total < ENOUGH || share <= limit(group)) return [];
    const stateful = STATEFUL.get(group.port);
    const advice =
      stateful === undefined
        ? '`rand` spreads evenly, but only for datagrams that any worker can take: never for QUIC, DTLS or ' +
          'another stateful protocol, which needs a choice by source.'
        : `Port ${group.port} is most likely ${stateful}, which keeps state: never use \`rand\`, choose ` +
          'consistently by source.';
    return [
      {
        rule: 'udp-hot-slot',
        severity: 'warning',
        subject: group.id,
        message:
          `${memberName(hot)} took ${percent(share)} of ${total} datagrams, ` +
          `a fair share is ${percent(1 / group.size)}. ${advice}`,
        fix: stateful === undefined ? command('attach', group, 'rand') : [],
      },
    ];
  });
}

/** Twice the fair share; of two workers, that would be more than there is. */
function limit({ size }: Group): number {
  return Math.min(2 / size, 0.9);
}
