import { count, names } from '../../words/phrase.ts';
import type { Facts, Finding } from '../types.ts';

/**
 * The kernel gives connections to a socket as long as any process holds it open, even if none waits on it. A server at
 * its limit stops waiting for a while; a server whose worker has died never waits again.
 */
export function slotUnserved({ served }: Facts): readonly Finding[] {
  return served.flatMap(({ group }): Finding[] => {
    const seen = group.sockets.some(({ owners }) => owners.some(({ via }) => via !== 'fd'));
    const idle = group.sockets.filter(({ owners, holders }) => owners.length === 0 && holders.length > 0);
    if (!seen || idle.length === 0) return [];
    const waiting = idle.reduce((sum, { recvQueue }) => sum + (recvQueue ?? 0), 0);
    const where = idle.map(({ slot, slotSource, inode, holders }) => {
      const name = slotSource === 'kernel' ? `slot ${slot}` : `socket ${inode}`;
      return `${name}, kept open by ${names([...new Set(holders.map(({ pid }) => `${pid}`))])}`;
    });
    const unit = group.protocol === 'tcp' ? 'connection' : 'byte';
    return [
      {
        rule: 'slot-unserved',
        severity: waiting > 0 ? 'error' : 'warning',
        subject: group.id,
        message:
          `No process waits on ${count(idle.length, 'socket')} of this group (${names(where)}): ` +
          `what arrives there waits${waiting > 0 ? ` (${count(waiting, unit)} so far)` : ''}, ` +
          'forever if the worker has died.',
        fix: [],
      },
    ];
  });
}
