import { cpuNames, names } from '../../words/phrase.ts';
import { moved, moves } from '../placement.ts';
import type { Facts, Found } from '../types.ts';
import { setApart } from '../usable-cpus.ts';

/**
 * An isolated CPU (isolcpus, nohz_full, its own cpuset) should get no interrupts. The kernel still delivers one there
 * if nobody moved it away, or if the CPUs of its affinity have no vector left (x86: about 200 per CPU).
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
        : ` The affinity${elsewhere.length === isolated.length ? '' : ` of irq ${first.irq}`} already names ` +
          `${cpuNames(first.affinity ?? [])}; most likely no vector was free there. If the command has no effect, ` +
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
