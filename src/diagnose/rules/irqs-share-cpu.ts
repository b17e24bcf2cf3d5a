import type { Host } from '../../host/types.ts';
import { moveIrqCommand } from '../../words/commands.ts';
import { count, cpuNames, names, queueNames } from '../../words/phrase.ts';
import { withIrqs, withNic } from '../after.ts';
import { countEach } from '../even.ts';
import { moved, moves, rxNames } from '../placement.ts';
import type { Facts, Found, Placement } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';

/** Queues that share a CPU wait for each other, although another CPU has fewer. */
export function irqsShareCpu({ host, placements, quiet, changing }: Facts): readonly Found[] {
  return placements.flatMap((placement): readonly Found[] => {
    const found = [...received(placement), ...sent(host, placement)];
    const still = changing.has(placement.nic.name);
    return found.map(({ after, ...each }) => ({
      ...each,
      severity: quiet.has(placement.nic) ? 'info' : each.severity,
      ...(still ? { fix: [] } : after && { after }),
    }));
  });
}

function received(placement: Placement): readonly Found[] {
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
      severity: near.length > 0 ? 'warning' : 'info',
      subject: nic.name,
      message:
        `${count(crowded.length, 'CPU')} ${crowded.length === 1 ? 'receives' : 'receive'} from several queues ` +
        `(${names(where)}), while ${others}${node}.`,
      fix: moves(placement, surplus),
      after: moved(placement, surplus),
    },
  ];
}

/**
 * TX queues with interrupts of their own (virtio, ibmvnic, hinic) that crowd on a CPU, away from the RX queues of the same numbers,
 * to which they then go. Evenly spread over other CPUs they are there on purpose, as gve's.
 */
function sent(host: Host, { nic, vectors, target }: Placement): readonly Found[] {
  const usable = new Set(usableCpus(host));
  const paired = vectors.flatMap((vector) => {
    const to = target.get(vector) ?? vector.cpu;
    const own = vector.rx.length > 0 ? vector.irqs.filter(({ role }) => role === 'tx') : [];
    return own.map((irq) => {
      const tx = nic.txQueues.find((queue) => queue.irq === irq.irq);
      const is = tx?.cpus.length === 1 ? tx.cpus[0] : undefined;
      return { irq, to, is: target.has(vector) ? to : (is ?? null) };
    });
  });
  const on = countEach(paired.flatMap(({ is }) => is ?? []));
  const least = Math.min(...[...usable].map((cpu) => on.get(cpu) ?? 0));
  const crowded = [...on].filter(([, irqs]) => irqs > least + 1).map(([cpu]) => cpu);
  const apart = paired.flatMap(({ irq, to, is }) =>
    is !== null && to !== null && is !== to && usable.has(to) ? [{ irq, to, is }] : [],
  );
  const leaving = apart.filter(({ is }) => crowded.includes(is));
  if (leaving.length === 0) return [];
  const cpus = [...new Set(leaving.map(({ is }) => is))];
  const queues = leaving.flatMap(({ irq }) => irq.queues);
  return [
    {
      rule: 'irqs-share-cpu',
      severity: 'warning',
      subject: `${nic.name} tx`,
      message:
        `${cpuNames(cpus)} ${cpus.length === 1 ? 'frees' : 'free'} what ${queueNames('tx', queues)} ${queues.length === 1 ? 'sends' : 'send'}, while the RX queues of the ` +
        'same numbers interrupt other CPUs.',
      fix: apart.map(({ irq, to }) => moveIrqCommand(irq.irq, to)),
      after: (each) =>
        withNic(each, nic.name, (own) => withIrqs(own, new Map(apart.map(({ irq, to }) => [irq.irq, [to]])))),
    },
  ];
}
