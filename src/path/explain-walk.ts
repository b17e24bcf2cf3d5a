/** The path of one flow through the machine, as far as it is known: interface, queue, CPU, socket, worker, and back. */
import { substitute } from '../host/no-interrupts.ts';
import type { Group, Host, Machine, Nic, RxQueue, TxQueue } from '../host/types.ts';
import { recordedQueue } from './delivery.ts';
import { anyTaker } from './explain-any.ts';
import { type FoundSocket, finder } from './explain-listener.ts';
import { membersOf, missed, type Taken } from './explain-take.ts';
import type { Flow } from './flow.ts';
import type { Delivery } from './locality.ts';
import { type Landed, queueOfFlow } from './queue-of-flow.ts';
import { anyReceiver, type Receiver, receiver } from './receive.ts';
import { remember } from './remember.ts';
import { type Given, NOTHING_GIVEN } from './rss-hash.ts';
import { type TxChoice, txChooser } from './xps.ts';

/** Where a packet arrives. */
export interface Arrival {
  readonly nic: Nic;
  /** The lower device and what is above it, to which a socket may be bound. */
  readonly devices: ReadonlySet<string>;
  readonly why: string;
}

/** By an XDP program, before the kernel receives the packet. */
export interface Redirected {
  /** null: it depends on what the packet carries, and is one of `anyOf`. */
  readonly cpu: number | null;
  readonly anyOf: readonly number[];
  /** The hash and the queue of the NIC are lost. */
  readonly native: boolean;
  readonly why: string;
}

export interface WalkOptions {
  readonly given: Given;
  /** The receiving CPU, if it cannot be read from the machine; null: read it. */
  readonly cpu: number | null;
  /** Where an XDP program sends the packets of a flow, by interface; null: nowhere. Default: nowhere. */
  readonly redirect?: (nic: string, flow: Flow) => Redirected | null;
}

export const AS_IT_IS: WalkOptions = { given: NOTHING_GIVEN, cpu: null };

export interface Walk extends Taken, Landed {
  readonly flow: Flow;
  readonly arrival: Arrival;
  /** Also null if the table names a queue that does not exist. */
  readonly queue: RxQueue | null;
  readonly from: Receiver;
  /** Was the CPU given, not read? */
  readonly cpuGiven: boolean;
  readonly redirected: Redirected | null;
  readonly found: FoundSocket;
  /** The candidates: the group, or a socket without a group as a group of one; null if not known. */
  readonly members: Group | null;
  readonly tx: TxChoice;
  /** null if it is not decided. */
  readonly txQueue: TxQueue | null;
}

export type Walker = (flow: Flow, arrival: Arrival) => Walk;

/** Prepares everything once, so that 10,000 flows take a fraction of a second. */
export function walker(host: Host, { given, cpu, redirect = nowhere }: WalkOptions = AS_IT_IS): Walker {
  const find = finder(host);
  const receive = remember((nic: Nic) =>
    substitute(nic) === null ? port(nic, given, host.machine) : queueless(nic, host.machine),
  );
  const take = remember(anyTaker);
  return (flow, arrival) => {
    const { nic } = arrival;
    const way = receive(nic)(flow);
    const redirected = cpu === null ? redirect(nic.name, flow) : null;
    const from = receiverOf(way.from, cpu, redirected);
    const found = find(flow, arrival.devices);
    const members = membersOf(found);
    // Nothing records a queue of loopback.
    const rxQueue =
      nic.name === 'lo' || redirected?.native ? 'none' : recordedQueue(nic, way.queue?.index ?? null);
    const taken = members === null ? missed(found) : take(members)(flow, from, rxQueue);
    const tx = way.backBy(taken.delivery, flow);
    const txQueue = nic.txQueues.find(({ index }) => index === tx.queue) ?? null;
    const cpuGiven = cpu !== null;
    return { flow, arrival, ...way, from, cpuGiven, redirected, found, members, ...taken, tx, txQueue };
  };
}

const nowhere = () => null;

function receiverOf(found: Receiver, given: number | null, redirected: Redirected | null): Receiver {
  if (given !== null) return { softirq: given, cpu: given, anyOf: [], why: null };
  if (redirected === null) return found;
  return { softirq: found.softirq, ...redirected };
}

interface Way extends Landed, Pick<Walk, 'queue' | 'from'> {
  readonly backBy: (delivery: Delivery, flow: Flow) => TxChoice;
}

/** A NIC on which the sender decides, not a hash. */
function queueless(nic: Nic, machine: Machine): () => Way {
  const why = substitute(nic)?.why ?? '';
  const [only = null, another] = nic.rxQueues;
  const way: Way = {
    hashes: { possible: [], why },
    landing: { entry: null, size: 0, queue: null, why },
    rule: null,
    queue: another === undefined ? only : null,
    from: anyReceiver(nic, machine),
    backBy: backBy(nic)(null),
  };
  return () => way;
}

/** Takes the queue by which the flow came in; null if not known. */
function backBy(nic: Nic): (rxQueue: number | null) => Way['backBy'] {
  const choose = txChooser(nic);
  return (rxQueue) =>
    ({ worker }, { protocol }) => {
      const cpu = worker?.cpus?.length === 1 ? (worker.cpus[0] ?? null) : null;
      return choose({ cpu, rxQueue, protocol });
    };
}

function port(nic: Nic, given: Given, machine: Machine): (flow: Flow) => Way {
  const land = queueOfFlow(nic, given);
  const back = backBy(nic);
  const unplaced = back(null);
  const queues = new Map(
    nic.rxQueues.map((queue) => [
      queue.index,
      { queue, from: receiver(nic, queue, machine), backBy: back(queue.index) },
    ]),
  );
  return (flow) => {
    const landed = land(flow);
    const { queue, why } = landed.landing;
    const arrived = queue === null ? undefined : queues.get(queue);
    if (arrived !== undefined) return { ...landed, ...arrived };
    const unknown = landed.rule === null ? 'the rx queue is not known' : why;
    const missing = `${landed.rule === null ? 'the RSS table' : 'the ntuple rule'} names a queue that does not exist`;
    const from = { softirq: null, cpu: null, anyOf: [], why: queue === null ? unknown : missing };
    return { ...landed, queue: null, from, backBy: unplaced };
  };
}
