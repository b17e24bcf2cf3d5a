import type { Cpus } from '../../host/cpus.ts';
import { formatCpuList } from '../../host/cpus.ts';
import type { Irq, Nic } from '../../host/types.ts';
import { cpuNames, names, ranges } from '../../words/phrase.ts';
import { withIrqs, withNic } from '../after.ts';
import { queueIrqs } from '../nics.ts';
import type { Facts, Found } from '../types.ts';

/** The kernel may accept an affinity and still deliver elsewhere; only the effective affinity counts. */
export function irqAffinityNotEffective({ host, placements, quiet, changing }: Facts): readonly Found[] {
  const online = new Set(host.machine.cpus.online);
  return placements.flatMap((placement): Found[] => {
    const { nic, isolated, target } = placement;
    const elsewhere = new Set(isolated.map(({ irq }) => irq));
    const misdelivered = queueIrqs(nic).filter((irq) => goesElsewhere(irq) && !elsewhere.has(irq.irq));
    if (misdelivered.length === 0) return [];
    const given = new Map([...target].flatMap(([{ irqs }, cpu]) => irqs.map(({ irq }) => [irq, cpu])));
    const wantedOf = (irq: Irq): Cpus => {
      const cpu = given.get(irq.irq);
      return cpu === undefined ? wanted(irq, online) : [cpu];
    };
    const others = misdelivered.some((irq) => wantedOf(irq).join() !== wanted(irq, online).join());
    const pairs = misdelivered.map(
      ({ irq, affinity, effective }) =>
        `irq ${irq} is set to ${cpuNames(affinity ?? [])}, runs on ${ranges(effective ?? [])}`,
    );
    return [
      {
        rule: 'irq-affinity-not-effective',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: `${nic.name} irq ${ranges(misdelivered.map(({ irq }) => irq))}`,
        message:
          `Interrupts run on other CPUs than their affinity says: ${names(pairs)}. ` +
          'A new affinity takes effect at the next interrupt, so look again after some traffic. If nothing has changed, ' +
          `${others ? 'move them to the CPUs that the commands name' : 'write it once more'}.`,
        ...(changing.has(nic.name)
          ? { fix: [] }
          : write(nic, new Map(misdelivered.map((irq) => [irq.irq, wantedOf(irq)])))),
      },
    ];
  });
}

function write(nic: Nic, cpusOf: ReadonlyMap<number, Cpus>): Pick<Found, 'fix' | 'after'> {
  return {
    fix: [...cpusOf].map(([irq, cpus]) => `echo ${formatCpuList(cpus)} > /proc/irq/${irq}/smp_affinity_list`),
    after: (host) => withNic(host, nic.name, (each) => withIrqs(each, cpusOf)),
  };
}

function goesElsewhere({ affinity, effective }: Irq): boolean {
  if (affinity === null || effective === null || affinity.length === 0) return false;
  const asked = new Set(affinity);
  return effective.some((cpu) => !asked.has(cpu));
}

/** The online part of the affinity; if none of it is online, the kernel's choice, so that both agree. */
function wanted({ affinity, effective }: Irq, online: ReadonlySet<number>): Cpus {
  const possible = (affinity ?? []).filter((cpu) => online.has(cpu));
  return possible.length > 0 ? possible : (effective ?? []);
}
