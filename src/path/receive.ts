import type { Nic, RxQueue } from '../host/types.ts';

export interface Receiver {
  /** The CPU that runs the queue's softirq; null if not known, or there are several. */
  readonly softirq: number | null;
  /** The CPU that looks up the socket: `softirq`, or where RPS sends the packet; null if not decided. */
  readonly cpu: number | null;
  /** Why `cpu` is null, or that RPS moved it; null if it is simply the softirq's. */
  readonly why: string | null;
}

/**
 * Where the packets of a queue reach their socket. RPS and RFS decide after the IRQ, RFS first (net/core/dev.c,
 * get_rps_cpu()).
 */
export function receiver(nic: Nic, queue: RxQueue, rpsSockFlowEntries: number | null): Receiver {
  const { softirq, why } = softirqOf(nic, queue);
  const unknown = (reason: string) => ({ softirq, cpu: null, why: reason });
  if (queue.rps === null) return unknown('the RPS setting could not be read');
  if (queue.rfsFlows !== 0 && rpsSockFlowEntries !== 0) {
    const known = queue.rfsFlows !== null && rpsSockFlowEntries !== null;
    return unknown(
      known ? 'RFS moves packets to the CPU that last read the flow' : 'the RFS setting could not be read',
    );
  }
  const [target] = queue.rps;
  if (target === undefined) return { softirq, cpu: softirq, why };
  if (queue.rps.length > 1) return unknown('RPS spreads the packets over several CPUs');
  return { softirq, cpu: target, why: target === softirq ? null : `RPS moves packets to CPU ${target}` };
}

function softirqOf(
  nic: Nic,
  queue: RxQueue,
): { readonly softirq: number | null; readonly why: string | null } {
  if (nic.threadedNapi === true)
    return { softirq: null, why: 'threaded NAPI: a kernel thread receives the packets, on any CPU' };
  const [cpu] = queue.cpus;
  if (cpu === undefined) return { softirq: null, why: "the CPU of the queue's IRQ is not known" };
  if (queue.cpus.length > 1) return { softirq: null, why: "the queue's IRQ may run on several CPUs" };
  return { softirq: cpu, why: null };
}
