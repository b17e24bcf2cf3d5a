import { formatCpuMask } from '../../host/cpus.ts';
import type { Host, Nic } from '../../host/types.ts';
import { queueNames } from '../../words/phrase.ts';
import { nicPath } from '../../words/shell.ts';
import { withNic, withXps } from '../after.ts';
import { liveNics } from '../nics.ts';
import type { Facts, Found } from '../types.ts';
import { type Misplaced, misplacedXps } from '../xps.ts';

const FEW = 16;

/**
 * A packet that is sent through another CPU's queue is freed there, and its memory moves back for the next one. The
 * interrupts count where they are after their moves.
 */
export function xpsNotOnIrqCpu({ host, quiet, changing }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic): Found[] => {
    const { unset, off } = misplacedXps(host, nic);
    const bad = [...unset, ...off];
    if (bad.length === 0) return [];
    const parts = [
      unset.length > 0 ? `XPS is not set for ${txNames(unset)}` : '',
      off.length > 0 ? `XPS of ${txNames(off)} does not include the CPU of its IRQ` : '',
    ];
    return [
      {
        rule: 'xps-not-on-irq-cpu',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message: `${parts.filter((part) => part !== '').join('; ')}: packets sent on one CPU are mostly freed on another.`,
        ...(changing.has(nic.name)
          ? { fix: [] }
          : {
              fix: setXps(nic, bad),
              after: (each: Host) =>
                withNic(each, nic.name, (own) =>
                  withXps(own, new Map(bad.map(({ index, cpu }) => [index, [cpu]]))),
                ),
            }),
      },
    ];
  });
}

function txNames(queues: readonly Misplaced[]): string {
  return queueNames(
    'tx',
    queues.map(({ index }) => index),
  );
}

/** The mask of a CPU above 31 has a group `,00000000` for each 32 CPUs below, which the loop writes. */
function setXps(nic: Nic, queues: readonly Misplaced[]): readonly string[] {
  const file = (queue: number | string) => nicPath(nic.name, `queues/tx-${queue}/xps_cpus`);
  if (queues.length <= FEW)
    return queues.map(({ index, cpu }) => `echo ${formatCpuMask([cpu])} > ${file(index)}`);
  return [
    `for n in ${queues.map(({ index, cpu }) => `${index}:${cpu}`).join(' ')}; do q=\${n%:*} c=\${n#*:}; ` +
      'm=$(printf %x $((1 << c % 32))); while [ $c -ge 32 ]; do m=$m,00000000 c=$((c - 32)); done; ' +
      `echo $m > ${file('$q')}; done`,
  ];
}
