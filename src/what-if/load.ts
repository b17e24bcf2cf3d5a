/** The load of queues, CPUs and workers: by the RSS table, or by a list of flows. */
import { substitute } from '../host/no-interrupts.ts';
import type { Group, Host, Nic } from '../host/types.ts';
import { choiceOn, deliveryOn } from '../path/delivery.ts';
import type { Arrival, Walker } from '../path/explain-walk.ts';
import type { Flow } from '../path/flow.ts';
import { deliverer, undecided } from '../path/locality.ts';
import { type Receiver, receiver } from '../path/receive.ts';
import { waysIn } from '../path/receiving-nics.ts';
import { memberSelector } from '../path/select.ts';
import { sharesOf } from '../path/shares.ts';
import { type Sums, tally } from './tally.ts';

export interface Load extends Sums {
  /** null: all interfaces and groups that the flows reach. */
  readonly nic: string | null;
  readonly group: string | null;
  readonly from: 'table' | 'flows';
}

/** Printed as `whatIf`. */
export interface Comparison {
  /** The changes, in their order. */
  readonly with: readonly string[];
  readonly before: readonly Load[];
  /** null if nothing is changed. */
  readonly after: readonly Load[] | null;
  readonly notes: readonly string[];
}

/** One for each interface and each group that it feeds; every entry of the RSS table gets the same number of flows. */
export function loadsByTable(host: Host): Load[] {
  return waysIn(host).flatMap(({ nic, groups }) => groups.map((group) => byTable(host, nic, group)));
}

function byTable({ machine }: Host, nic: Nic, group: Group): Load {
  const { ofQueue, notes } = sharesOf(nic, group);
  const queues = new Map(nic.rxQueues.map((queue) => [queue.index, queue]));
  const [deliver, choose] = [deliverer(group), memberSelector(group)];
  const counts = tally(queuesOf([nic]));
  for (const [index, weight] of ofQueue) {
    const queue = queues.get(index);
    const from = queue === undefined ? MISSING : receiver(nic, queue, machine);
    const choice = choiceOn(nic, index, from, choose);
    const delivery = queue === undefined ? undecided(from.why ?? '') : deliveryOn(nic, queue, from, deliver);
    counts.add({ weight, nic: chooserOf(nic), queue: index, cpu: from.cpu, group, choice, ...delivery });
  }
  const sums = counts.sums();
  return { nic: nic.name, group: group.id, from: 'table', ...sums, notes: [...sums.notes, ...notes] };
}

const MISSING: Receiver = {
  softirq: null,
  cpu: null,
  anyOf: [],
  why: 'the RSS table names a queue that does not exist',
};

/** Name of a NIC that chooses among its rx queues; null where the sender's CPU decides, not a queue. */
const chooserOf = (nic: Nic) => (substitute(nic) === null ? nic.name : null);

const queuesOf = (nics: readonly Nic[]) =>
  nics
    .filter((nic) => chooserOf(nic) !== null)
    .flatMap(({ name, rxQueues }) => rxQueues.map(({ index }) => ({ nic: name, queue: index })));

/**
 * Each flow counts once; a flow that may arrive on several lower devices of a bond is shared among them.
 * @param arrivals for each flow; the walker's host is theirs
 */
export function loadByFlows(walk: Walker, flows: readonly (readonly [Flow, readonly Arrival[]])[]): Load {
  const nics = new Set(flows.flatMap(([, arrivals]) => arrivals.map(({ nic }) => nic)));
  const counts = tally(queuesOf([...nics]));
  const lone = new Set<string>();
  for (const [flow, arrivals] of flows) {
    for (const arrival of arrivals) {
      const { landing, from, found, members, choice, delivery } = walk(flow, arrival);
      if (found.group === null && members !== null) lone.add(members.id);
      counts.add({
        weight: 1 / arrivals.length,
        nic: chooserOf(arrival.nic),
        queue: landing.queue,
        cpu: from.cpu,
        group: members,
        choice,
        ...delivery,
      });
    }
  }
  const shared = flows.some(([, arrivals]) => arrivals.length > 1);
  const sums = counts.sums();
  const assumed = shared ? ['equal shares of all lower devices of the bond are assumed'] : [];
  const workers = sums.workers.map((worker) => (lone.has(worker.group) ? { ...worker, slot: null } : worker));
  const all = { nic: null, group: null, from: 'flows', ...sums, workers, counted: flows.length } as const;
  return { ...all, notes: [...sums.notes, ...assumed] };
}
