/** Which NICs carry so little that a warning about them would only drown those that matter. */

import type { Nic } from '../host/types.ts';
import { isLoopback } from '../path/receiving-nics.ts';
import type { View } from '../path/view.ts';
import { liveNics, queueIrqs } from './nics.ts';

/** Minutes of load on one queue: a NIC that took fewer since boot never held anybody up. */
const FEW = 1_000_000;
/** Of the interrupts of all NICs: the port for management, the standby of a bond. */
const SHARE = 0.01;

/**
 * A NIC is quiet when it took less than a hundredth of all NICs' interrupts; and without a reuseport group
 * or a shared listener behind it also when it took few at all, or nobody knows how many: one queue is plenty
 * for a server of one process. Interrupts have no rate here, and a saturated queue polls instead of
 * interrupting, so that a small number alone proves nothing where workers wait for packets.
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

/** Since boot; null when they are not counted. */
function interruptsOf(nic: Nic): number | null {
  const counts = queueIrqs(nic).flatMap((irq) => irq.counts);
  return counts.length === 0 ? null : counts.reduce((sum, taken) => sum + taken, 0);
}
