import { count, cpuNames } from '../../words/phrase.ts';
import { workerCpus } from '../groups.ts';
import { moved, moves, rxNames } from '../placement.ts';
import type { Facts, Found } from '../types.ts';

/**
 * The NIC writes packets into memory of its own node; a CPU of another node reads each of them across the interconnect.
 * If its own node has no spare CPU, a queue elsewhere is the lesser evil, and not a finding.
 */
export function irqWrongNumaNode({ host, placements, quiet, changing }: Facts): readonly Found[] {
  const workers = workerCpus(host);
  return placements.flatMap((placement): Found[] => {
    const { nic, away, idle } = placement;
    if (away.length === 0) return [];
    const from = away.flatMap(({ cpu }) => cpu ?? []);
    const along = from.some((cpu) => workers.has(cpu))
      ? ' Move the workers that are pinned there as well.'
      : '';
    return [
      {
        rule: 'irq-wrong-numa-node',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message:
          `The NIC is on NUMA node ${nic.numaNode}, but ${rxNames(away)} ` +
          `${away.flatMap(({ rx }) => rx).length === 1 ? 'interrupts' : 'interrupt'} ${cpuNames(from)} of another node, while ` +
          `${count(idle.length, 'CPU')} of its own ${idle.length === 1 ? 'has' : 'have'} no queue.${along}`,
        ...(changing.has(nic.name)
          ? { fix: [] }
          : { fix: moves(placement, away), after: moved(placement, away) }),
      },
    ];
  });
}
