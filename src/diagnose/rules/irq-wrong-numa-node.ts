import { count, cpuNames } from '../../words/phrase.ts';
import { workerCpus } from '../groups.ts';
import { moves, placements, rxNames } from '../placement.ts';
import type { Facts, Finding } from '../types.ts';

/**
 * The NIC writes packets into memory of its own node; a CPU of another one reads each of them across the
 * interconnect. As long as its own node has no CPU to spare, a queue elsewhere is the better of two evils,
 * and no finding.
 */
export function irqWrongNumaNode({ host, quiet }: Facts): readonly Finding[] {
  const workers = workerCpus(host);
  return placements(host).flatMap((placement): Finding[] => {
    const { nic, away, near, target } = placement;
    const free = new Set(near);
    if (!away.some((vector) => free.has(target.get(vector) ?? -1))) return [];
    const along = away.some(({ cpu }) => workers.has(cpu)) ? ' Workers pinned there must move along.' : '';
    return [
      {
        rule: 'irq-wrong-numa-node',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message:
          `The NIC is on NUMA node ${nic.numaNode}, but ${rxNames(away)} ` +
          `${away.flatMap(({ queues }) => queues).length === 1 ? 'interrupts' : 'interrupt'} ${cpuNames(away.map(({ cpu }) => cpu))} of another node, while ` +
          `${count(near.length, 'CPU')} of its own ${near.length === 1 ? 'has' : 'have'} no queue.${along}`,
        fix: moves(placement, away),
      },
    ];
  });
}
