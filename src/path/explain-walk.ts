/** The path of one flow through the machine, as far as it is known: interface, queue, CPU, socket, worker, and back. */
import type { Group, Host, Nic, RxQueue, TxQueue } from '../host/types.ts';
import { type FoundSocket, finder } from './explain-listener.ts';
import { membersOf, missed, type Taken, taker } from './explain-take.ts';
import type { Flow } from './flow.ts';
import type { Delivery } from './locality.ts';
import { type Receiver, receiver } from './receive.ts';
import { remember } from './remember.ts';
import { type Given, type Hashes, hasher, NOTHING_GIVEN } from './rss-hash.ts';
import { type Landing, lander } from './rss-table.ts';
import { txQueuePicker } from './xps.ts';

/** Where a packet arrives. */
export interface Arrival {
  /** null: loopback. */
  readonly nic: Nic | null;
  /** The lower device and what is above it, to which a socket may be bound. */
  readonly devices: ReadonlySet<string>;
  readonly why: string;
}

export interface WalkOptions {
  readonly given: Given;
  /** The receiving CPU, if it cannot be read from the machine; null: read it. */
  readonly cpu: number | null;
}

export const AS_IT_IS: WalkOptions = { given: NOTHING_GIVEN, cpu: null };

export interface Walk extends Taken {
  readonly flow: Flow;
  readonly arrival: Arrival;
  readonly hashes: Hashes;
  readonly landing: Landing;
  /** Also null if the table names a queue that does not exist. */
  readonly queue: RxQueue | null;
  readonly from: Receiver;
  /** Was the CPU given, not read? */
  readonly cpuGiven: boolean;
  readonly found: FoundSocket;
  /** The candidates: the group, or a socket without a group as a group of one; null if not known. */
  readonly members: Group | null;
  /** null if it is not decided, and without a NIC. */
  readonly txQueue: TxQueue | null;
}

export type Walker = (flow: Flow, arrival: Arrival) => Walk;

/** Prepares everything once, so that 10,000 flows take a fraction of a second. */
export function walker(host: Host, { given, cpu }: WalkOptions = AS_IT_IS): Walker {
  const find = finder(host);
  const receive = remember((nic: Nic) => port(nic, given, host.machine.rpsSockFlowEntries));
  const take = remember(taker);
  return (flow, arrival) => {
    const way = arrival.nic === null ? LOOPBACK : receive(arrival.nic)(flow);
    const from = cpu === null ? way.from : { softirq: cpu, cpu, why: null };
    const found = find(flow, arrival.devices);
    const members = membersOf(found);
    const recorded = (arrival.nic?.rxQueues.length ?? 0) > 1 ? (way.queue?.index ?? null) : null;
    const rxQueue = arrival.nic === null ? 'none' : recorded;
    const taken = members === null ? missed(found) : take(members)(flow, from, rxQueue);
    const txQueue = way.backBy(taken.delivery, flow);
    return { flow, arrival, ...way, from, cpuGiven: cpu !== null, found, members, ...taken, txQueue };
  };
}

interface Way extends Pick<Walk, 'hashes' | 'landing' | 'queue' | 'from'> {
  readonly backBy: (delivery: Delivery, flow: Flow) => TxQueue | null;
}

const SENDER = 'loopback: packets are received on the CPU of the sender (set it with --cpu)';

const LOOPBACK: Way = {
  hashes: { possible: [], why: 'loopback has no RSS' },
  landing: { entry: null, size: 0, queue: null, why: 'loopback has no queues' },
  queue: null,
  from: { softirq: null, cpu: null, why: SENDER },
  backBy: () => null,
};

function port(nic: Nic, given: Given, rpsSockFlowEntries: number | null): (flow: Flow) => Way {
  const hash = hasher(nic, given);
  const land = lander(nic);
  const pick = txQueuePicker(nic);
  const txQueues = new Map(nic.txQueues.map((queue) => [queue.index, queue]));
  const byRxQueue = nic.txQueues.some(({ xpsRxqs }) => xpsRxqs !== null && xpsRxqs.length > 0);
  const queues = new Map(
    nic.rxQueues.map((queue) => [queue.index, { queue, from: receiver(nic, queue, rpsSockFlowEntries) }]),
  );
  return (flow) => {
    const hashes = hash(flow);
    const landed = land(hashes);
    const arrived = landed.queue === null ? undefined : queues.get(landed.queue);
    const missing =
      landed.queue === null ? 'the rx queue is not known' : 'the RSS table names a queue that does not exist';
    return {
      hashes,
      landing: landed,
      queue: arrived?.queue ?? null,
      from: arrived?.from ?? { softirq: null, cpu: null, why: missing },
      backBy: ({ worker }, { protocol }) => {
        if (arrived === undefined && byRxQueue && protocol === 'tcp') return null;
        const cpu = worker?.cpus?.length === 1 ? (worker.cpus[0] ?? null) : null;
        return txQueues.get(pick({ cpu, rxQueue: arrived?.queue.index ?? -1, protocol }) ?? -1) ?? null;
      },
    };
  };
}
