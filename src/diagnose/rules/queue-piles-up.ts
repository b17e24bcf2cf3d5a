import { names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import type { Facts, Finding } from '../types.ts';
import { memberName } from '../workers.ts';

/** Below these a queue is only a short burst: connections waiting for accept, bytes waiting to be read. */
const PILE = { tcp: 16, udp: 65_536 };

/** One worker is stuck or overloaded, while the kernel, which ignores queue lengths, keeps giving it its share. */
export function queuePilesUp({ served }: Facts): readonly Finding[] {
  return served.flatMap(({ group }): Finding[] => {
    const attended = group.sockets.filter(({ owners }) => owners.length > 0);
    const full = attended.filter(({ recvQueue }) => (recvQueue ?? 0) >= PILE[group.protocol]);
    const empty = attended.filter(({ recvQueue }) => recvQueue === 0);
    if (full.length === 0 || empty.length < attended.length / 2) return [];
    const unit = group.protocol === 'tcp' ? 'Connections' : 'Bytes';
    const where = full.map((socket) => `${memberName(socket)} ${socket.recvQueue}`);
    return [
      {
        rule: 'queue-piles-up',
        severity: 'warning',
        subject: group.id,
        message:
          `${unit} wait at ${full.length} of ${group.size} sockets (${names(where)}${ofWhom(full.flatMap(({ owners }) => owners))}) while ` +
          `${empty.length} have an empty queue: a worker is blocked, or gets more than its share.`,
        fix: [],
      },
    ];
  });
}
