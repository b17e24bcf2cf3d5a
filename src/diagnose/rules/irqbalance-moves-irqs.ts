import { liveNics, queueIrqs } from '../nics.ts';
import { names, ranges } from '../phrase.ts';
import type { Facts, Finding } from '../types.ts';

const FEW = 16;

/** irqbalance rewrites an affinity within seconds, and nobody sees it go. */
export function irqbalanceMovesIrqs({ host, quiet }: Facts): readonly Finding[] {
  const { running, bannedIrqs } = host.machine.irqbalance;
  if (running !== true) return [];
  const banned = new Set(bannedIrqs);
  const free = liveNics(host).flatMap((nic) =>
    queueIrqs(nic).flatMap(({ irq }) => (banned.has(irq) ? [] : [{ irq, nic }])),
  );
  if (free.length === 0) return [];
  const irqs = free.map(({ irq }) => irq);
  const whose = `irq ${ranges(irqs)} (${names([...new Set(free.map(({ nic }) => nic.name))])})`;
  const report = { rule: 'irqbalance-moves-irqs', subject: 'irqbalance' };
  if (bannedIrqs === null) {
    const message = `irqbalance is running; whether it leaves ${whose} alone could not be read.`;
    return [{ ...report, severity: 'info', message, fix: [] }];
  }
  return [
    {
      ...report,
      severity: free.every(({ nic }) => quiet.has(nic)) ? 'info' : 'warning',
      message: `irqbalance is running and may move ${whose} within seconds, whatever affinity was set.`,
      fix: ban([...banned, ...irqs]),
    },
  ];
}

/**
 * In the environment file, since a ban through the socket is gone after a restart; together with those of
 * now, which may have come through that socket. Debian keeps the file in default/, Red Hat and SUSE in
 * sysconfig/.
 */
export function ban(irqs: readonly number[]): readonly string[] {
  const sorted = [...new Set(irqs)].sort((a, b) => a - b);
  const options = sorted.length > FEW ? runs(sorted).map(sequence) : sorted.map((irq) => `--banirq=${irq}`);
  return [
    'f=/etc/default/irqbalance; [ -e $f ] || f=/etc/sysconfig/irqbalance; ' +
      `(. $f; echo "IRQBALANCE_ARGS=\\"$IRQBALANCE_ARGS ${options.join(' ')}\\"" >> $f)`,
    'systemctl restart irqbalance',
  ];
}

function sequence([first, last]: readonly [number, number]): string {
  return first === last ? `--banirq=${first}` : `$(seq -s ' ' -f --banirq=%.0f ${first} ${last})`;
}

function runs(sorted: readonly number[]): readonly [number, number][] {
  const found: [number, number][] = [];
  for (const n of sorted) {
    const run = found.at(-1);
    if (run?.[1] === n - 1) run[1] = n;
    else found.push([n, n]);
  }
  return found;
}
