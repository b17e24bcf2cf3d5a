import { formatCpuMask } from '../../host/cpus.ts';
import { whyXpsIgnored } from '../../host/tx-choice.ts';
import type { Nic, TxQueue } from '../../host/types.ts';
import { queueNames } from '../../words/phrase.ts';
import { nicPath } from '../../words/shell.ts';
import { workerCpus } from '../groups.ts';
import { liveNics, oneCpu } from '../nics.ts';
import type { Facts, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';

const FEW = 16;

/**
 * A packet that is sent through another CPU's queue is freed there, and its memory moves back for the next one. The
 * interrupts count where they are after their moves; nothing is sent from an isolated CPU without a worker.
 */
export function xpsNotOnIrqCpu({ host, quiet, changing }: Facts): readonly Found[] {
  const sending = new Set([...usableCpus(host), ...workerCpus(host)]);
  return liveNics(host).flatMap((nic): Found[] => {
    if (nic.txQueues.length < 2 || host.machine.cpus.online.length < 2 || whyXpsIgnored(nic) !== null)
      return [];
    const queues = nic.txQueues.flatMap(located).filter(({ cpu }) => sending.has(cpu));
    const off = queues.filter(({ cpu, xps }) => xps.length > 0 && !xps.includes(cpu));
    const served = new Set(queues.flatMap(({ cpu, xps }) => (xps.includes(cpu) ? [cpu] : [])));
    const unset = queues.filter(({ cpu, xps }) => xps.length === 0 && !served.has(cpu));
    const bad = [...unset, ...off];
    if (bad.length === 0) return [];
    const parts = [
      unset.length > 0
        ? `XPS is not set for ${queueNames(
            'tx',
            unset.map(({ index }) => index),
          )}`
        : '',
      off.length > 0
        ? `XPS of ${queueNames(
            'tx',
            off.map(({ index }) => index),
          )} does not include the CPU of its IRQ`
        : '',
    ];
    return [
      {
        rule: 'xps-not-on-irq-cpu',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message: `${parts.filter((part) => part !== '').join('; ')}: packets sent on one CPU are mostly freed on another.`,
        fix: changing.has(nic.name) ? [] : setXps(nic, bad),
      },
    ];
  });
}

interface Located {
  readonly index: number;
  readonly cpu: number;
  readonly xps: readonly number[];
}

/** A TX queue whose CPU and XPS are known; a queue with xps_rxqs is chosen by RX queue instead. */
function located({ index, cpus, xpsCpus, xpsRxqs }: TxQueue): readonly Located[] {
  const cpu = oneCpu({ cpus });
  return cpu === null || xpsCpus === null || (xpsRxqs?.length ?? 0) > 0 ? [] : [{ index, cpu, xps: xpsCpus }];
}

/** The mask of a CPU above 31 has a group `,00000000` for each 32 CPUs below, which the loop writes. */
function setXps(nic: Nic, queues: readonly Located[]): readonly string[] {
  const file = (queue: number | string) => nicPath(nic.name, `queues/tx-${queue}/xps_cpus`);
  if (queues.length <= FEW)
    return queues.map(({ index, cpu }) => `echo ${formatCpuMask([cpu])} > ${file(index)}`);
  return [
    `for n in ${queues.map(({ index, cpu }) => `${index}:${cpu}`).join(' ')}; do q=\${n%:*} c=\${n#*:}; ` +
      'm=$(printf %x $((1 << c % 32))); while [ $c -ge 32 ]; do m=$m,00000000 c=$((c - 32)); done; ' +
      `echo $m > ${file('$q')}; done`,
  ];
}
