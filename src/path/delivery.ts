/** From who receives to where the packets go: one CPU's delivery, or the mean of those that may receive. */
import { type Cpus, formatCpuList } from '../host/cpus.ts';
import { substitute } from '../host/no-interrupts.ts';
import type { Nic, RxQueue } from '../host/types.ts';
import { type Deliver, type Delivery, undecided } from './locality.ts';
import type { Receiver } from './receive.ts';
import { remember } from './remember.ts';
import type { MemberChoice, MemberSelector } from './select.ts';

/** Where the packets of one rx queue go. */
export function deliveryOn(nic: Nic, queue: RxQueue, from: Receiver, deliver: Deliver): Delivery {
  const { cpu, anyOf, why } = from;
  if (cpu === null && anyOf.length === 0) return undecided(why ?? 'the receiving CPU is not known');
  const delivery =
    cpu === null ? meanOf(deliver, anyOf).delivery : deliver(cpu, recordedQueue(nic, queue.index));
  return why === null || delivery.localShare === null
    ? delivery
    : { ...delivery, why: `${why}; ${delivery.why}` };
}

/** What the kernel chooses from, if that is known without the CPU or the CPU is known. */
export function choiceOn(nic: Nic, queue: number, from: Receiver, choose: MemberSelector): MemberChoice {
  if (from.cpu !== null) return choose(from.cpu, recordedQueue(nic, queue));
  const [any] = from.anyOf;
  const choice = any === undefined ? null : choose(any, null);
  const why = from.why ?? 'the receiving CPU is not known';
  return choice?.kind === 'uniform' ? choice : { kind: 'unknown', why };
}

/** The queue that a program can read; null if the driver may not have recorded it, as veth since Linux 5.16. */
export function recordedQueue(nic: Nic, queue: number | null): number | null {
  return nic.rxQueues.length > 1 && substitute(nic) === null ? queue : null;
}

export interface Mean {
  readonly delivery: Delivery;
  /** Is it the same on each CPU, so that it does not matter which of them sends how much? */
  readonly even: boolean;
}

/** One for each group and set of CPUs: all queues of a NIC without interrupts have the same. */
const means = remember((_: Deliver) => new Map<Cpus, Mean>());

/** Where the packets go that any of these CPUs may receive; each counts the same. */
export function meanOf(deliver: Deliver, cpus: Cpus): Mean {
  const known = means(deliver).get(cpus) ?? mean(cpus.map((cpu) => [cpu, deliver(cpu, null)]));
  means(deliver).set(cpus, known);
  return known;
}

/** With a slot and a worker only if they are the same on all CPUs. @param each CPU and what it receives */
export function mean(each: readonly (readonly [cpu: number, delivery: Delivery])[]): Mean {
  const [[cpu, first] = [null, null]] = each;
  if (first === null) return { delivery: undecided('no CPU is online'), even: false };
  const { slot, worker } = each.every(([, other]) => other.slot === first.slot) ? first : NOBODY;
  const shares = each.map(([, { localShare }]) => localShare);
  const unknown = each.find(([, { localShare }]) => localShare === null);
  if (unknown !== undefined) return { delivery: { ...unknown[1], slot, worker }, even: false };
  const even = shares.every((share) => share === first.localShare);
  const localShare = even
    ? first.localShare
    : shares.reduce((sum: number, share) => sum + (share ?? 0), 0) / shares.length;
  const why = even
    ? `${wordsOf(first, cpu)} that CPU, whichever it is`
    : `mean of CPUs ${formatCpuList(each.map(([one]) => one))}, if all of them send alike`;
  return { delivery: { slot, worker, localShare, why }, even };
}

/** The hash's words name the CPU last. */
function wordsOf({ localShare, why }: Delivery, cpu: number): string {
  if (localShare === 1) return 'the worker is on';
  return localShare === 0 ? 'no worker is on' : why.replace(new RegExp(` CPU ${cpu}$`), '');
}

const NOBODY = { slot: null, worker: null };
