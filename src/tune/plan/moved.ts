/** Interrupts that an apply placed, and that have been moved since. */
import { parseCpuList } from '../../host/cpus.ts';
import type { Host } from '../../host/types.ts';
import { irqKey, type Journal, lastSteps } from '../journal.ts';
import type { Change } from '../types.ts';
import { move } from './irq.ts';

/**
 * The changes that move them back. Their present CPU may be as good, but status and undo compare with the CPU of the
 * apply. Never to an offline CPU. @param journals in force, newest first
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
