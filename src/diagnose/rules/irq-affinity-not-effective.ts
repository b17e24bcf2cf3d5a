import type { Cpus } from '../../host/cpus.ts';
import { formatCpuList } from '../../host/cpus.ts';
import type { Irq } from '../../host/types.ts';
import { cpuNames, names, ranges } from '../../words/phrase.ts';
import { liveNics, queueIrqs } from '../nics.ts';
import type { Facts, Finding } from '../types.ts';

/** The kernel accepts an affinity and may still deliver elsewhere; only the effective one counts. */
export function irqAffinityNotEffective({ host, quiet }: Facts): readonly Finding[] {
  const online = new Set(host.machine.cpus.online);
  return liveNics(host).flatMap((nic): Finding[] => {
    const astray = queueIrqs(nic).filter(goesElsewhere);
    if (astray.length === 0) return [];
    const pairs = astray.map(
      ({ irq, affinity, effective }) =>
        `irq ${irq} asks for ${cpuNames(affinity ?? [])}, gets ${ranges(effective ?? [])}`,
    );
    return [
      {
        rule: 'irq-affinity-not-effective',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: `${nic.name} irq ${ranges(astray.map(({ irq }) => irq))}`,
        message:
          `Delivered to other CPUs than asked for: ${names(pairs)}. ` +
          'A fresh write takes effect at the next interrupt: look again after traffic, then write once more.',
        fix: astray.map(
          (irq) => `echo ${formatCpuList(wanted(irq, online))} > /proc/irq/${irq.irq}/smp_affinity_list`,
        ),
      },
    ];
  });
}

function goesElsewhere({ affinity, effective }: Irq): boolean {
  if (affinity === null || effective === null || affinity.length === 0) return false;
  const asked = new Set(affinity);
  return effective.some((cpu) => !asked.has(cpu));
}

/**
 * What was asked for, as far as it is online; where nothing of it is, the kernel's choice, so that both
 * agree.
 */
function wanted({ affinity, effective }: Irq, online: ReadonlySet<number>): Cpus {
  const possible = (affinity ?? []).filter((cpu) => online.has(cpu));
  return possible.length > 0 ? possible : (effective ?? []);
}
