import { cpu as byCpu } from '../cbpf/programs.ts';
import type { Group, Host, Machine, Nic, RxQueue } from '../host/types.ts';
import { busiestWorker } from './balance.ts';
import { deliveryOn, meanOf } from './delivery.ts';
import { type Deliver, deliverer } from './locality.ts';
import { type Receiver, receiver } from './receive.ts';
import { waysIn } from './receiving-nics.ts';
import { remember } from './remember.ts';
import { type QueueShares, queueShares, sharesOf } from './shares.ts';
import type { Expected } from './types.ts';

const COLUMNS = ['now', 'hash', 'cpu'] as const;
type Column = (typeof COLUMNS)[number];

/**
 * For each NIC and each group that it feeds: the sum over its rx queues of (share of the RSS table's entries) x
 * (probability that the chosen slot's worker runs on the CPU that receives the queue's packets). null if any queue that
 * gets packets is not known.
 */
export function expectedLocality(host: Host): Expected[] {
  const { machine } = host;
  const deliverers = remember(deliverersOf);
  return waysIn(host).flatMap(({ nic, groups }) => {
    const steered = (nic.rss?.rules ?? []).length > 0;
    const common = steered ? null : arriving(nic, queueShares(nic), machine);
    return groups.map((group): Expected => {
      const { loads, size, notes } = common ?? arriving(nic, sharesOf(nic, group), machine);
      const { now, hash, cpu } = deliverers(group);
      const totals = {
        now: total(nic, loads, size, now),
        hash: total(nic, loads, size, hash),
        cpu: total(nic, loads, size, cpu),
      };
      return {
        group: group.id,
        nic: nic.name,
        now: totals.now.share,
        hash: totals.hash.share,
        cpu: totals.cpu.share,
        busiest: busiestWorker(group, nic, machine),
        notes: [
          ...reasons(totals, loads.length),
          ...notes.filter((note) => isKnown(totals) || !note.endsWith('are assumed')),
        ],
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

function arriving(nic: Nic, { ofQueue, size, notes }: QueueShares, machine: Machine) {
  const queues = new Map(nic.rxQueues.map((queue) => [queue.index, queue]));
  const loads = [...ofQueue].map(([index, entries]): Load => {
    const queue = queues.get(index);
    return { entries, arrival: queue ? { queue, from: receiver(nic, queue, machine) } : null };
  });
  return { loads, size, notes };
}

interface Total {
  readonly share: number | null;
  /** Number of queues, by what is not known or was assumed of them. */
  readonly reasons: ReadonlyMap<string, number>;
}

function total(nic: Nic, loads: readonly Load[], size: number, deliver: Deliver): Total {
  const reasons = new Map<string, number>();
  const count = (why: string) => reasons.set(why, (reasons.get(why) ?? 0) + 1);
  let local: number | null = 0;
  for (const { entries, arrival } of loads) {
    const { localShare, why } = arrival ? deliveryOn(nic, arrival.queue, arrival.from, deliver) : MISSING;
    if (localShare === null) count(why);
    else if (arrival?.from.cpu === null && !meanOf(deliver, arrival.from.anyOf).even) count(ALIKE);
    local = local === null || localShare === null ? null : local + entries * localShare;
  }
  return { share: local === null || size === 0 ? null : local / size, reasons };
}

/** If no share is known, it does not matter what would have been assumed. */
const isKnown = ({ now, hash, cpu }: Readonly<Record<Column, Total>>) =>
  [now, hash, cpu].some(({ share }) => share !== null);

const MISSING = { localShare: null, why: 'the RSS table names a queue that does not exist' };
const ALIKE = 'all CPUs are taken to send alike';

/** One sentence per reason, with the columns that it is about. */
function reasons(totals: Readonly<Record<Column, Total>>, queues: number): string[] {
  const columnsOf = new Map<string, Column[]>();
  for (const column of COLUMNS) {
    for (const [why, count] of totals[column].reasons) {
      const sentence = count === queues ? why : `${why} (${count} of ${queues} queues)`;
      columnsOf.set(sentence, [...(columnsOf.get(sentence) ?? []), column]);
    }
  }
  return [...columnsOf].map(([sentence, columns]) =>
    columns.length === COLUMNS.length ? sentence : `${columns.join(', ')}: ${sentence}`,
  );
}
