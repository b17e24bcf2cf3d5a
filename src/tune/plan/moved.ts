/** Interrupts that an apply has placed, and that somebody has moved since. */
import { parseCpuList } from '../../host/cpus.ts';
import type { Host } from '../../host/types.ts';
import type { Journal } from '../journal.ts';
import type { Change } from '../types.ts';
import { move } from './irq.ts';

/**
 * The changes that put them back. Where they are now may be as good, but what they were given to is what status compares
 * with, and what undo starts from. Not to a CPU that is offline. @param journals in force, the newest first
 */
export function movedSince(host: Host, journals: readonly Journal[]): readonly Change[] {
  const placed = new Map<string, string>();
  for (const { steps } of journals)
    for (const { change, outcome, is } of steps.toReversed()) {
      const { target } = change;
      if (target.kind !== 'irq' || outcome !== 'done') continue;
      const key = keyOf(target);
      if (!placed.has(key)) placed.set(key, is);
    }
  const online = new Set(host.machine.cpus.online);
  return host.nics.flatMap((nic) =>
    nic.irqs.flatMap((irq) => {
      const [cpu, ...others] = parseCpuList(placed.get(keyOf({ nic: nic.name, ...irq })) ?? '') ?? [];
      if (cpu === undefined || others.length > 0 || !online.has(cpu) || irq.affinity === null) return [];
      if (irq.affinity.join() === `${cpu}`) return [];
      return [move(nic, irq, cpu, 'An earlier apply put it there, and it was moved since.', false)];
    }),
  );
}

const keyOf = ({ nic, role, queues }: { nic: string; role: string; queues: readonly number[] }): string =>
  `${nic} ${role} ${queues.join()}`;
