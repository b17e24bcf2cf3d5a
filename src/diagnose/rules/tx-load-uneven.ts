import { formatCpuMask } from '../../host/cpus.ts';
import { whyXpsIgnored } from '../../host/tx-choice.ts';
import type { Host, Nic } from '../../host/types.ts';
import { percent } from '../../words/phrase.ts';
import { queueFile, write } from '../../words/shell.ts';
import { withNic, withXps } from '../after.ts';
import { ENOUGH_INTERRUPTS, isTooMuch, sum } from '../interrupt-load.ts';
import { liveNics, oneCpu, queueIrqs } from '../nics.ts';
import type { Facts, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';
import { misplacedXps, xpsShares } from '../xps.ts';

/** All that is sent waits for the lock and the interrupt of one TX queue, while others are idle. */
export function txLoadUneven({ host, quiet, changing }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic) =>
    nic.txQueues.length < 2
      ? []
      : (byXps(host, nic, { quiet: quiet.has(nic), changing: changing.has(nic.name) }) ??
        (quiet.has(nic) ? [] : byCounters(nic))),
  );
}

/** What is left once xps-not-on-irq-cpu is fixed: null where that is nothing. */
function byXps(
  host: Host,
  nic: Nic,
  { quiet, changing }: { readonly quiet: boolean; readonly changing: boolean },
): readonly Found[] | null {
  const { unset, off } = misplacedXps(host, nic);
  const fair = 1 / Math.min(nic.txQueues.length, usableCpus(host).length);
  const hot: { readonly index: number; readonly share: number; readonly own: number | null }[] = [];
  const xps = new Map([...unset, ...off].map(({ index, cpu }) => [index, [cpu]]));
  const before = xps.size;
  // What one queue no longer gets can be too much for the next.
  for (;;) {
    const [index, share] = busiest(xpsShares(host, withXps(nic, xps)));
    if (index === null || hot.some((each) => each.index === index) || !isTooMuch(share, fair)) break;
    const own = oneCpu(nic.txQueues.find((each) => each.index === index) ?? { cpus: [] });
    hot.push({ index, share, own });
    if (own !== null) xps.set(index, [own]);
  }
  const [first] = hot;
  if (first === undefined) return null;
  const still = before > 0 ? ' Once XPS of the other queues is set,' : '';
  return [
    {
      rule: 'tx-load-uneven',
      severity: quiet ? 'info' : 'warning',
      subject: nic.name,
      message:
        `XPS sends the packets of too many CPUs through tx-${first.index}.${still} ${percent(first.share)} of the CPUs ` +
        `${still === '' ? '' : 'still '}use it; a fair share of ${nic.txQueues.length} TX queues is ${percent(fair)}.`,
      ...(changing ? { fix: [] } : narrow(nic, hot)),
    },
  ];
}

/** Each of these queues serves the CPU of its interrupt only. */
function narrow(
  nic: Nic,
  hot: readonly { readonly index: number; readonly own: number | null }[],
): Pick<Found, 'fix' | 'after'> {
  const known = hot.flatMap(({ index, own }) => (own === null ? [] : [[index, [own]] as const]));
  return {
    fix: known.map(([index, cpus]) =>
      write(formatCpuMask(cpus), queueFile(nic.name, `tx-${index}`, 'xps_cpus')),
    ),
    after: (host) => withNic(host, nic.name, (each) => withXps(each, new Map(known))),
  };
}

/** Of TX queues with interrupts of their own, as virtio has them. */
function byCounters(nic: Nic): readonly Found[] {
  const counts = new Map<number, number>();
  for (const { role, queues, counts: taken } of queueIrqs(nic)) {
    const [queue, another] = queues;
    if (role === 'tx' && queue !== undefined && another === undefined && taken.length > 0)
      counts.set(queue, sum(taken));
  }
  const total = sum(counts.values());
  const [queue, most] = busiest(counts);
  if (queue === null || counts.size < 2 || most < ENOUGH_INTERRUPTS) return [];
  const fair = 1 / counts.size;
  if (!isTooMuch(most / total, fair)) return [];
  const why = whyXpsIgnored(nic);
  return [
    {
      rule: 'tx-load-uneven',
      severity: 'info',
      subject: nic.name,
      message:
        `tx-${queue} took ${percent(most / total)} of the interrupts of all TX queues since boot; a fair share is ` +
        `${percent(fair)}.${why === null ? '' : ` ${why}.`}`,
      fix: [],
    },
  ];
}

function busiest(shares: ReadonlyMap<number, number>): readonly [queue: number | null, share: number] {
  const [most] = [...shares].sort(([, one], [, other]) => other - one);
  return most ?? [null, 0];
}
