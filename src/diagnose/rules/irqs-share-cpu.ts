import { count, cpuNames, names } from '../../words/phrase.ts';
import { moves, placements, rxNames } from '../placement.ts';
import type { Facts, Finding } from '../types.ts';

/** Queues that share a CPU wait for each other; with a CPU to spare they need not. */
export function irqsShareCpu({ host, quiet }: Facts): readonly Finding[] {
  return placements(host).flatMap((placement): Finding[] => {
    const { nic, shared, near, far } = placement;
    const idle = near.length > 0 ? near : far;
    if (shared.length === 0 || idle.length === 0) return [];
    const where = shared.map(([cpu, on]) => `CPU ${cpu}: ${rxNames(on)}`);
    const surplus = shared.flatMap(([, on]) => on.slice(1));
    const node = near.length > 0 ? '' : `, on another NUMA node than the NIC (${nic.numaNode})`;
    return [
      {
        rule: 'irqs-share-cpu',
        severity: near.length > 0 && !quiet.has(nic) ? 'warning' : 'info',
        subject: nic.name,
        message:
          `${count(shared.length, 'CPU')} must receive for several queues (${names(where)}), ` +
          `while ${cpuNames(idle)} ${idle.length === 1 ? 'has' : 'have'} none${node}.`,
        fix: moves(placement, surplus),
      },
    ];
  });
}
