import { cpu as byCpu } from '../cbpf/programs.ts';
import type { Group, Host, Nic, RxQueue } from '../host/types.ts';
import { busiestWorker } from './balance.ts';
import { type Deliver, deliverer, deliveryOn } from './locality.ts';
import { type Receiver, receiver } from './receive.ts';
import { nicsFeeding, receivingNics } from './receiving-nics.ts';
import { queueShares } from './shares.ts';
import type { Expected } from './types.ts';

const COLUMNS = ['now', 'hash', 'cpu'] as const;
type Column = (typeof COLUMNS)[number];

/**
 * For each NIC and each group that it feeds: the sum over its rx queues of (share of the RSS table's entries) x
 * (probability that the chosen slot's worker runs on the CPU that receives the queue's packets). null if any queue that
 * gets packets is not known.
 */
export function expectedLocality(host: Host): Expected[] {
  const joined = host.groups.map((group) => ({
    group,
    reached: nicsFeeding(group, host),
    deliverers: deliverersOf(group),
  }));
  return receivingNics(host).flatMap((nic) => {
    const { ofQueue, size, notes } = queueShares(nic);
    const loads = loadsOf(nic, ofQueue, host.machine.rpsSockFlowEntries);
    return joined
      .filter(({ reached }) => reached.has(nic))
      .map(({ group, deliverers }): Expected => {
        const now = total(nic, loads, size, deliverers.now);
        const hash = total(nic, loads, size, deliverers.hash);
        const cpu = total(nic, loads, size, deliverers.cpu);
        return {
          group: group.id,
          nic: nic.name,
          now: now.share,
          hash: hash.share,
          cpu: cpu.share,
          busiest: busiestWorker(group, nic, host.machine.rpsSockFlowEntries),
          notes: [...reasons({ now, hash, cpu }, loads.length), ...notes],
        };
      });
  });
}

/** The same group under today's selection and under two others. */
function deliverersOf(group: Group): Readonly<Record<Column, Deliver>> {
  const instructions = group.size > 0 ? byCpu(group.size) : null;
  const program = { kind: 'cbpf', name: 'cpu', asm: null, instructions } as const;
  return {
    now: deliverer(group),
    hash: deliverer({ ...group, selection: 'hash', program: null }),
    cpu: deliverer({ ...group, selection: 'cbpf', program }),
  };
}

/** What one queue gets, in table entries. */
interface Load {
  readonly entries: number;
  /** null: the table names a queue that does not exist. */
  readonly arrival: { readonly queue: RxQueue; readonly from: Receiver } | null;
}

function loadsOf(nic: Nic, ofQueue: ReadonlyMap<number, number>, rpsSockFlowEntries: number | null): Load[] {
  const queues = new Map(nic.rxQueues.map((queue) => [queue.index, queue]));
  return [...ofQueue].map(([index, entries]) => {
    const queue = queues.get(index);
    return { entries, arrival: queue ? { queue, from: receiver(nic, queue, rpsSockFlowEntries) } : null };
  });
}

interface Total {
  readonly share: number | null;
  /** Number of unknown queues, by reason. */
  readonly unknown: ReadonlyMap<string, number>;
}

function total(nic: Nic, loads: readonly Load[], size: number, deliver: Deliver): Total {
  const unknown = new Map<string, number>();
  let local = 0;
  for (const { entries, arrival } of loads) {
    const { localShare, why } = arrival ? deliveryOn(nic, arrival.queue, arrival.from, deliver) : MISSING;
    if (localShare === null) unknown.set(why, (unknown.get(why) ?? 0) + 1);
    else local += entries * localShare;
  }
  return { share: unknown.size > 0 || size === 0 ? null : local / size, unknown };
}

const MISSING = { localShare: null, why: 'the RSS table names a queue that does not exist' };

/** One sentence per reason, with the columns that it makes null. */
function reasons(totals: Readonly<Record<Column, Total>>, queues: number): string[] {
  const columnsOf = new Map<string, Column[]>();
  for (const column of COLUMNS) {
    for (const [why, count] of totals[column].unknown) {
      const sentence = count === queues ? why : `${why} (${count} of ${queues} queues)`;
      columnsOf.set(sentence, [...(columnsOf.get(sentence) ?? []), column]);
    }
  }
  return [...columnsOf].map(([sentence, columns]) =>
    columns.length === COLUMNS.length ? sentence : `${columns.join(', ')}: ${sentence}`,
  );
}
