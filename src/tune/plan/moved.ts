/** Interrupts that an apply has placed, and that somebody has moved since. */
import { parseCpuList } from '../../host/cpus.ts';
import type { Host } from '../../host/types.ts';
import { irqKey, type Journal, lastSteps } from '../journal.ts';
import type { Change } from '../types.ts';
import { move } from './irq.ts';

/**
 * The changes that put them back. Where they are now may be as good, but what they were given to is what status compares
 * with, and what undo starts from. Not to a CPU that is offline. @param journals in force, the newest first
 */
export function movedSince(host: Host, journals: readonly Journal[]): readonly Change[] {
  const placed = lastSteps(journals);
  const online = new Set(host.machine.cpus.online);
  return host.nics.flatMap((nic) =>
    nic.irqs.flatMap((irq) => {
      const { role, queues, affinity } = irq;
      if (role === 'other' || affinity === null) return [];
      const [cpu, ...others] =
        parseCpuList(placed.get(irqKey({ nic: nic.name, role, queues }))?.is ?? '') ?? [];
      if (cpu === undefined || others.length > 0 || !online.has(cpu)) return [];
      return affinity.join() === `${cpu}` ? [] : [move(nic, irq, cpu, WHY, false)];
    }),
  );
}

const WHY = 'An earlier apply set it, and it has been moved since.';
