/** Who receives: the CPU on which the packets of a queue meet their socket. The only place that decides it. */
import type { Cpus } from '../host/cpus.ts';
import { napiThreadOf } from '../host/napi-threads.ts';
import { substitute } from '../host/no-interrupts.ts';
import type { Machine, NapiThread, Nic, RxQueue } from '../host/types.ts';

export interface Receiver {
  /** The CPU that runs the queue's softirq; null if not known, or there are several. */
  readonly softirq: number | null;
  /** The CPU that looks up the socket: `softirq`, or where RPS sends the packet; null if not decided. */
  readonly cpu: number | null;
  /**
   * If `cpu` is null, the CPUs that it can be, each with the same probability; empty if that is not known. Of a NIC
   * without interrupts: any CPU may send, or the several CPUs of RPS.
   */
  readonly anyOf: Cpus;
  /** Why `cpu` is null, or that RPS moved it; null if it is simply the softirq's. */
  readonly why: string | null;
}

/** What the machine adds to the settings of a queue. */
export type Surroundings = Pick<Machine, 'rpsSockFlowEntries'> & {
  readonly cpus: Pick<Machine['cpus'], 'online'>;
};

/**
 * RPS and RFS decide after the IRQ or the sender, RFS first (net/core/dev.c, get_rps_cpu()). RPS over several CPUs is even
 * where no RSS came before it; behind RSS the flows of a queue have a part of the hash in common.
 */
export function receiver(nic: Nic, queue: RxQueue, machine: Surroundings): Receiver {
  const before = arrival(nic, queue, machine.cpus.online);
  const undecided = (why: string) => ({ ...unknown(why), softirq: before.softirq });
  if (queue.rps === null) return undecided('the RPS setting could not be read');
  const [target] = queue.rps;
  const substituted = substitute(nic) !== null;
  if (queue.rfsFlows !== 0 && machine.rpsSockFlowEntries !== 0) {
    const known = queue.rfsFlows !== null && machine.rpsSockFlowEntries !== null;
    return undecided(
      known ? 'RFS moves packets to the CPU that last read the flow' : 'the RFS setting could not be read',
    );
  }
  if (substituted && queue.rps.join() !== nic.rxQueues[0]?.rps?.join()) return undecided(DIFFERS);
  if (target === undefined) return before;
  if (queue.rps.length > 1)
    return { ...undecided('RPS spreads the packets over several CPUs'), anyOf: substituted ? queue.rps : [] };
  const why = target === before.softirq ? null : `RPS moves packets to CPU ${target}`;
  return { ...before, cpu: target, anyOf: [], why };
}

const DIFFERS = 'RPS differs between the rx queues, and the sender decides which of them it is';

const unknown = (why: string): Receiver => ({ softirq: null, cpu: null, anyOf: [], why });

/** Before RPS. */
function arrival(nic: Nic, queue: RxQueue, online: Cpus): Receiver {
  const instead = substitute(nic);
  // Without its threads a veth's NAPI is off, and so is what was set for it.
  if (nic.threadedNapi === true && (instead === null || nic.napiThreads?.length !== 0))
    return instead === null ? onThread(napiThreadOf(nic, queue.index)) : unknown(BESIDE_THREADS);
  if (instead !== null) return { ...unknown(instead.why), anyOf: instead.by === 'below' ? [] : online };
  const [cpu] = queue.cpus;
  if (cpu === undefined) return unknown("the CPU of the queue's IRQ is not known");
  if (queue.cpus.length > 1) return unknown("the queue's IRQ may run on several CPUs");
  return { softirq: cpu, cpu, anyOf: [], why: null };
}

/** veth_xmit() takes NAPI only for packets that GRO could join, which is: those of a peer without TSO, or for XDP. */
export const BESIDE_THREADS =
  'threaded NAPI: its threads receive what a peer without TSO sends, the CPU of the sender the rest';

function onThread(thread: NapiThread | null): Receiver {
  if (thread === null)
    return unknown('threaded NAPI: which kernel thread receives for the queue is not known');
  const [cpu] = thread.cpus ?? [];
  if (cpu === undefined) return unknown("threaded NAPI: the CPUs of the queue's kernel thread are not known");
  if (thread.cpus?.length !== 1)
    return unknown("threaded NAPI: the queue's kernel thread may run on several CPUs");
  return { softirq: cpu, cpu, anyOf: [], why: null };
}

/** The same for a packet whose queue does not matter, on a NIC without interrupts. */
export function anyReceiver(nic: Nic, machine: Surroundings): Receiver {
  const each = nic.rxQueues.map((queue) => receiver(nic, queue, machine));
  const [first = unknown('it has no rx queue')] = each;
  return each.find(({ why }) => why === DIFFERS) ?? first;
}
