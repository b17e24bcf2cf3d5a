import { cpuNames, names } from '../../words/phrase.ts';
import { moved, moves } from '../placement.ts';
import type { Facts, Found } from '../types.ts';
import { setApart } from '../usable-cpus.ts';

/**
 * Whoever sets a CPU apart (isolcpus, nohz_full, a cpuset of its own) wants no interrupts there. The kernel delivers one there nevertheless where
 * nobody took it away, or where the CPUs that it was asked for have no vector left (x86: about 200 for each CPU).
 */
export function irqOnIsolatedCpu({ host, placements, quiet, changing }: Facts): readonly Found[] {
  const apart = setApart(host);
  return placements.flatMap((placement): Found[] => {
    const { nic, isolated } = placement;
    if (isolated.length === 0) return [];
    const vectors = [...new Set(isolated.map(({ vector }) => vector))];
    const where = isolated.map(
      ({ irq, cpu }) => `irq ${irq} on CPU ${cpu}${apart.has(cpu) ? ` (${apart.get(cpu)})` : ''}`,
    );
    const elsewhere = isolated.filter(({ affinity, cpu }) => affinity?.includes(cpu) === false);
    const [first] = elsewhere;
    const short =
      first === undefined
        ? ''
        : ` ${elsewhere.length === isolated.length ? 'It was' : `irq ${first.irq} was`} asked to go to ` +
          `${cpuNames(first.affinity ?? [])}: most likely no vector was left there. If the command has no effect, ` +
          'use fewer channels (`ethtool -L`) and write again.';
    return [
      {
        rule: 'irq-on-isolated-cpu',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message: `Interrupts of ${nic.name} disturb isolated CPUs: ${names(where)}.${short}`,
        ...(changing.has(nic.name)
          ? { fix: [] }
          : { fix: moves(placement, vectors), after: moved(placement, vectors) }),
      },
    ];
  });
}
