import { moveIrqCommand } from '../../words/commands.ts';
import { cpuNames, names, percent, queueNames } from '../../words/phrase.ts';
import { withIrqs, withNic } from '../after.ts';
import type { Facts, Found, Rebalance } from '../types.ts';

/** Busy queues of several NICs can share one CPU, although each NIC is spread evenly. */
export function cpuLoadUneven({ rebalances }: Facts): readonly Found[] {
  const [worst] = rebalances;
  if (worst === undefined) return [];
  const { cpu, share, fair, receives } = worst;
  const where = receives.map((each) => `${each.nic.name} ${queueNames('rx', each.vector.rx)}`);
  const moves = [...new Map(rebalances.flatMap(irqMoves))];
  const coming = receives.some(({ nic, vector }) => vector.cpu !== cpu || nic.threadedNapi === true);
  const cpus = new Set(rebalances.map((each) => each.cpu));
  const others = [...cpus].filter((each) => each !== cpu);
  const more = others.length > 0 ? ` The same holds for ${cpuNames(others)}.` : '';
  return [
    {
      rule: 'cpu-load-uneven',
      severity: 'warning',
      subject: cpuNames(cpus),
      message:
        `${coming ? 'After the other commands, ' : ''}CPU ${cpu} receives from ${names(where)}. They took ${percent(share)} of the ` +
        `interrupts of all RX queues since boot, ${(share / fair).toFixed(1)} times a fair share of a CPU.${more} ${remedy(rebalances)}`,
      fix: moves.map(([irq, to]) => moveIrqCommand(irq, to)),
      after: (host) => {
        const cpusOf = new Map(moves.map(([irq, to]) => [irq, [to]]));
        return rebalances.reduce(
          (each, { nic }) => withNic(each, nic.name, (own) => withIrqs(own, cpusOf)),
          host,
        );
      },
    },
  ];
}

function remedy([first, another]: readonly Rebalance[]): string {
  if (first === undefined || another !== undefined) return 'The commands move some of them to other CPUs.';
  const { nic, moves } = first;
  return moves.size > 1
    ? `The commands exchange a queue of ${nic.name} for a quieter one.`
    : `The command moves a queue of ${nic.name} to CPU ${[...moves.values()].join()}, which receives nothing.`;
}

function irqMoves({ moves }: Rebalance): readonly (readonly [irq: number, cpu: number])[] {
  return [...moves].flatMap(([vector, to]) => vector.irqs.map(({ irq }) => [irq, to] as const));
}
