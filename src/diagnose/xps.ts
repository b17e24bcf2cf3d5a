/** XPS as it is and as it should be: one answer for the rules about sending. */
import { whyXpsIgnored } from '../host/tx-choice.ts';
import type { Host, Nic, TxQueue } from '../host/types.ts';
import { workerCpus } from './groups.ts';
import { oneCpu } from './nics.ts';
import { usableCpus } from './usable-cpus.ts';

/** A TX queue that should be used by the CPU of its interrupt. */
export interface Misplaced {
  readonly index: number;
  readonly cpu: number;
}

export interface MisplacedXps {
  readonly unset: readonly Misplaced[];
  /** XPS names CPUs, but not that of the queue's own interrupt. */
  readonly off: readonly Misplaced[];
}

/** Nothing is sent from an isolated CPU without a worker, and nothing is wrong where the driver ignores XPS. */
export function misplacedXps(host: Host, nic: Nic): MisplacedXps {
  if (nic.txQueues.length < 2 || host.machine.cpus.online.length < 2 || whyXpsIgnored(nic) !== null)
    return { unset: [], off: [] };
  const sending = new Set([...usableCpus(host), ...workerCpus(host)]);
  const queues = nic.txQueues.flatMap(located).filter(({ cpu }) => sending.has(cpu));
  // Also by a queue that is about to be set right.
  const served = new Set(queues.flatMap(({ cpu, xps }) => (xps.length > 0 ? [cpu] : [])));
  return {
    // The first queue of a CPU: with several, a hash would choose among them.
    unset: queues.filter(({ cpu, xps }) => xps.length === 0 && !served.has(cpu) && served.add(cpu)),
    off: queues.filter(({ cpu, xps }) => xps.length > 0 && !xps.includes(cpu)),
  };
}

interface Located extends Misplaced {
  readonly xps: readonly number[];
}

/** A TX queue whose CPU and XPS are known; a queue with xps_rxqs is chosen by RX queue instead. */
function located({ index, cpus, xpsCpus, xpsRxqs }: TxQueue): readonly Located[] {
  const cpu = oneCpu({ cpus });
  return cpu === null || xpsCpus === null || (xpsRxqs?.length ?? 0) > 0 ? [] : [{ index, cpu, xps: xpsCpus }];
}

/**
 * How many of the CPUs send by each TX queue, 0 to 1; empty where XPS leaves some CPU to a hash, or decides nothing.
 */
export function xpsShares(host: Host, nic: Nic): ReadonlyMap<number, number> {
  const byRx = nic.txQueues.some(({ xpsRxqs }) => (xpsRxqs?.length ?? 0) > 0);
  if (whyXpsIgnored(nic) !== null || byRx) return new Map();
  const cpus = usableCpus(host);
  const queuesOf = new Map<number, number[]>(cpus.map((cpu) => [cpu, []]));
  for (const { index, xpsCpus } of nic.txQueues)
    for (const cpu of xpsCpus ?? []) queuesOf.get(cpu)?.push(index);
  const shares = new Map<number, number>();
  for (const queues of queuesOf.values()) {
    if (queues.length === 0) return new Map();
    for (const index of queues) shares.set(index, (shares.get(index) ?? 0) + 1 / queues.length / cpus.length);
  }
  return shares;
}
