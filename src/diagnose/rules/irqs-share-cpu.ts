import { count, cpuNames, names } from '../../words/phrase.ts';
import { moved, moves, rxNames } from '../placement.ts';
import type { Facts, Found } from '../types.ts';

/** Queues that share a CPU wait for each other, although another CPU has fewer. */
export function irqsShareCpu({ placements, quiet, changing }: Facts): readonly Found[] {
  return placements.flatMap((placement): Found[] => {
    const { nic, crowded, near, far, least, surplus } = placement;
    if (crowded.length === 0 || surplus.length === 0) return [];
    const fewer = near.length > 0 ? near : far;
    const where = crowded.map(([cpu, on]) => `CPU ${cpu}: ${rxNames(on)}`);
    const one = fewer.length === 1;
    const others =
      least === 0
        ? `${cpuNames(fewer)} ${one ? 'receives' : 'receive'} from none`
        : `${cpuNames(fewer)} ${one ? 'receives' : 'each receive'} from ${least}`;
    const node = near.length > 0 ? '' : `, on another NUMA node than the NIC (${nic.numaNode})`;
    return [
      {
        rule: 'irqs-share-cpu',
        severity: near.length > 0 && !quiet.has(nic) ? 'warning' : 'info',
        subject: nic.name,
        message:
          `${count(crowded.length, 'CPU')} ${crowded.length === 1 ? 'receives' : 'receive'} from several queues ` +
          `(${names(where)}), while ${others}${node}.`,
        ...(changing.has(nic.name)
          ? { fix: [] }
          : { fix: moves(placement, surplus), after: moved(placement, surplus) }),
      },
    ];
  });
}
