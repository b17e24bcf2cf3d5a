import { names } from '../../words/phrase.ts';
import { ofWhom } from '../../words/whose.ts';
import type { Facts, Finding } from '../types.ts';
import { memberName } from '../workers.ts';

/** A socket drops packets if its queue is full, because its worker did not read in time. */
export function groupDrops({ host }: Facts): readonly Finding[] {
  return host.groups.flatMap((group): Finding[] => {
    const dropping = group.sockets.filter(({ drops }) => (drops ?? 0) > 0);
    const total = dropping.reduce((sum, { drops }) => sum + (drops ?? 0), 0);
    if (total === 0) return [];
    const where = dropping
      .toSorted((one, other) => (other.drops ?? 0) - (one.drops ?? 0))
      .map((socket) => `${memberName(socket)} ${socket.drops}`);
    return [
      {
        rule: 'group-drops',
        severity: 'warning',
        subject: group.id,
        message:
          `${total} packets were dropped at these sockets since they were opened, mostly because a queue was full: ` +
          `${names(where)}${ofWhom(dropping.flatMap(({ owners }) => owners))}.`,
        fix: [],
      },
    ];
  });
}
