/** Bans the NICs' interrupts in irqbalance, which would otherwise overwrite their affinity within seconds. */
import { queueIrqs } from '../../diagnose/nics.ts';
import { banCommand } from '../../words/commands.ts';
import type { KindPlanner } from './planner.ts';

export const irqbalance: KindPlanner = ({ host, nics }) => {
  const { running, bannedIrqs } = host.machine.irqbalance;
  if (running !== true) return {};
  const banned = new Set(bannedIrqs);
  const irqs = nics.flatMap((nic) => queueIrqs(nic).map(({ irq }) => irq)).filter((irq) => !banned.has(irq));
  if (irqs.length === 0) return {};
  const all = [...banned, ...irqs].sort((one, other) => one - other);
  return {
    changes: [
      {
        kind: 'irqbalance',
        subject: 'irqbalance',
        target: { kind: 'irqbalance', irqs },
        from: bannedIrqs === null ? null : bannedIrqs.join(' ') || 'none',
        to: all.join(' '),
        why:
          bannedIrqs === null
            ? 'It is running, and its list of banned IRQs could not be read.'
            : 'It is running, and may move these IRQs within seconds.',
        command: banCommand(all).join(' &&\n'),
      },
    ],
  };
};
