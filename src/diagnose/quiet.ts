/** NICs with so little traffic that a warning about them would only hide those that matter. */

import type { Nic } from '../host/types.ts';
import { isLoopback } from '../path/receiving-nics.ts';
import type { View } from '../path/view.ts';
import { liveNics, queueIrqs } from './nics.ts';

/** Minutes of load on one queue: a NIC with fewer interrupts since boot has never been a bottleneck. */
const FEW = 1_000_000;
/** Share of the interrupts of all NICs, below which a NIC is a management port or a standby. */
const SHARE = 0.01;

/**
 * A NIC is quiet if it had less than a hundredth of all NICs' interrupts. If it feeds no reuseport group or shared
 * listener, it is also quiet if it had few interrupts at all, or an unknown number: one queue is enough for a server of
 * one process. There is no rate of interrupts here, and a saturated queue polls instead of interrupting, so a small
 * number alone proves nothing if workers wait for packets.
 */
export function quietNics({ host, expected }: View): ReadonlySet<Nic> {
  const live = liveNics(host).map((nic) => ({ nic, interrupts: interruptsOf(nic) }));
  const all = live.reduce((sum, { interrupts }) => sum + (interrupts ?? 0), 0);
  const sharing = new Set(host.groups.flatMap(({ id, size }) => (size > 1 ? [id] : [])));
  const grouped = new Set(expected.flatMap(({ group, nic }) => (sharing.has(group) ? [nic] : [])));
  const contended = host.lone.some(({ address, processes }) => processes > 1 && !isLoopback(address));
  const isQuiet = ({ nic, interrupts }: (typeof live)[number]) =>
    (interrupts !== null && interrupts < all * SHARE) ||
    (!grouped.has(nic.name) && !contended && (interrupts ?? 0) < FEW);
  return new Set(live.filter(isQuiet).map(({ nic }) => nic));
}

/** Since boot; null if they are not counted. */
function interruptsOf(nic: Nic): number | null {
  const counts = queueIrqs(nic).flatMap((irq) => irq.counts);
  return counts.length === 0 ? null : counts.reduce((sum, taken) => sum + taken, 0);
}
