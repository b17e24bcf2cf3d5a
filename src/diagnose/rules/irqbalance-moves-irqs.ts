import { banCommand } from '../../words/commands.ts';
import { names, ranges } from '../../words/phrase.ts';
import { liveNics, queueIrqs } from '../nics.ts';
import type { Facts, Finding } from '../types.ts';

/** irqbalance silently overwrites an affinity within seconds. */
export function irqbalanceMovesIrqs({ host, quiet }: Facts): readonly Finding[] {
  const { running, bannedIrqs } = host.machine.irqbalance;
  if (running !== true) return [];
  const banned = new Set(bannedIrqs);
  const free = liveNics(host).flatMap((nic) =>
    queueIrqs(nic).flatMap(({ irq }) => (banned.has(irq) ? [] : [{ irq, nic }])),
  );
  if (free.length === 0) return [];
  const irqs = free.map(({ irq }) => irq);
  const whose = `irq ${ranges(irqs)} (${names([...new Set(free.map(({ nic }) => nic.name))])})`;
  const report = { rule: 'irqbalance-moves-irqs', subject: 'irqbalance' };
  if (bannedIrqs === null) {
    const message = `irqbalance is running, and its list of banned IRQs could not be read: it may move ${whose}.`;
    return [{ ...report, severity: 'info', message, fix: [] }];
  }
  return [
    {
      ...report,
      severity: free.every(({ nic }) => quiet.has(nic)) ? 'info' : 'warning',
      message: `irqbalance is running and may move ${whose} within seconds, even if an affinity was set.`,
      fix: banCommand([...banned, ...irqs]),
    },
  ];
}
