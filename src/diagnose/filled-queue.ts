/** One queue that gets nearly everything, where something shows that it is a single flow to the NIC. */
import { hasCpuMap } from '../host/kernel-threads.ts';
import type { Group, Nic } from '../host/types.ts';
import { byAddress } from './hash-fields.ts';
import { type HotQueue, hotQueues, takesNearlyAll } from './hot-queue.ts';
import { type HotSlot, hotSlot } from './hot-slot.ts';
import type { Facts, Placement } from './types.ts';

/** `tunnels`: of this machine, by their drivers. `group`: one worker reads nearly all of its datagrams, by the hash. */
export type Evidence =
  | { readonly by: 'tunnels'; readonly tunnels: readonly Nic[] }
  | { readonly by: 'group'; readonly group: Group; readonly slot: HotSlot };

export interface FilledQueue {
  readonly nic: Nic;
  readonly queue: HotQueue;
  readonly evidence: Evidence;
}

/** Of almost all datagrams of a group, 0 to 1. */
const NEARLY_ALL = 0.9;
/** Tunnels whose packets have no ports, or always the same ones. VXLAN has other source ports for other flows. */
const ONE_FLOW: ReadonlySet<string> = new Set(['gre', 'ip6gre', 'ipip', 'sit', 'ip6tnl', 'gtp', 'wireguard']);

/** null: there is none, or an XDP program sends packets to CPUs already. */
export function filledQueue(facts: Facts, placement: Placement): FilledQueue | null {
  const { nic } = placement;
  const [queue] = hotQueues(facts, placement);
  if (queue === undefined || !takesNearlyAll(queue) || hasCpuMap(facts.host.machine.kernelThreads))
    return null;
  const evidence = socketsOf(facts, nic) ?? tunnelsOf(facts, nic);
  return evidence === null ? null : { nic, queue, evidence };
}

function socketsOf({ served }: Facts, nic: Nic): Evidence | null {
  for (const { group, nics } of served) {
    const slot = hotSlot(group);
    if (slot?.cause.by === 'source' && slot.share >= NEARLY_ALL && nics.includes(nic))
      return { by: 'group', group, slot };
  }
  return null;
}

function tunnelsOf({ host }: Facts, nic: Nic): Evidence | null {
  const tunnels = host.nics.filter(
    ({ driver, state }) =>
      driver !== null &&
      state !== 'down' &&
      (ONE_FLOW.has(driver) || (driver === 'vxlan' && byAddress(nic, 'udp4'))),
  );
  return tunnels.length === 0 ? null : { by: 'tunnels', tunnels };
}
