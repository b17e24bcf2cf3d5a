import { memberName, servedGroups } from '../groups.ts';
import { names } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/** Below these a queue is a moment's burst: connections waiting for accept, bytes waiting to be read. */
const PILE = { tcp: 16, udp: 65_536 };

/**
 * One worker is stuck or overloaded while the kernel, which does not look at queues, keeps giving it its
 * share.
 */
export function queuePilesUp(view: View): readonly Finding[] {
  return servedGroups(view).flatMap(({ group }): Finding[] => {
    const served = group.sockets.filter(({ owners }) => owners.length > 0);
    const full = served.filter(({ recvQueue }) => (recvQueue ?? 0) >= PILE[group.protocol]);
    const empty = served.filter(({ recvQueue }) => recvQueue === 0);
    if (full.length === 0 || empty.length < served.length / 2) return [];
    const unit = group.protocol === 'tcp' ? 'Connections' : 'Bytes';
    const where = full.map((socket) => `${memberName(socket)} ${socket.recvQueue}`);
    return [
      {
        rule: 'queue-piles-up',
        severity: 'warning',
        subject: group.id,
        message:
          `${unit} wait at ${full.length} of ${group.size} workers (${names(where)}) while ` +
          `${empty.length} have an empty queue: a worker is stuck, or gets more than its share.`,
        fix: [],
      },
    ];
  });
}
