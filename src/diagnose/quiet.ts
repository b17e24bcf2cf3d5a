/** NICs with so little traffic that a warning about them would only hide those that matter. */

import type { Host, Nic } from '../host/types.ts';
import { isLoopback } from '../path/receiving-nics.ts';
import type { View } from '../path/view.ts';
import { sum, taken } from './interrupt-load.ts';
import { liveNics, queueIrqs } from './nics.ts';

/** Minutes of load on one queue: a NIC with fewer interrupts since boot has never been a bottleneck. */
const FEW = 1_000_000;
/** Share of the interrupts of all NICs, below which a NIC is a management port or a standby. */
const SHARE = 0.01;
/** Share of the interrupts of the busiest port of a bond, below which another port is not in use. */
const BESIDE = 0.05;

/**
 * A NIC is quiet if it is the standby of a bond, or had less than a hundredth of all NICs' interrupts. If it feeds no reuseport group or shared
 * listener, it is also quiet if it had few interrupts at all, or an unknown number: one queue is enough for a server of
 * one process. There is no rate of interrupts here, and a saturated queue polls instead of interrupting, so a small
 * number alone proves nothing if workers wait for packets.
 */
export function quietNics({ host, expected }: View): ReadonlySet<Nic> {
  const live = liveNics(host).map((nic) => ({ nic, interrupts: interruptsOf(nic) }));
  // What a standby took, it took before it was one.
  const inUse = live.filter(({ nic }) => nic.standby !== true);
  const all = inUse.reduce((sum, { interrupts }) => sum + (interrupts ?? 0), 0);
  const unused = unusedPorts(host, new Map(live.map(({ nic, interrupts }) => [nic.name, interrupts])));
  const sharing = new Set(host.groups.flatMap(({ id, size }) => (size > 1 ? [id] : [])));
  const grouped = new Set(expected.flatMap(({ group, nic }) => (sharing.has(group) ? [nic] : [])));
  const contended = host.lone.some(({ address, processes }) => processes > 1 && !isLoopback(address));
  const isQuiet = ({ nic, interrupts }: (typeof live)[number]) =>
    nic.standby === true ||
    unused.has(nic.name) ||
    (interrupts !== null && interrupts < all * SHARE) ||
    (!grouped.has(nic.name) && !contended && (interrupts ?? 0) < FEW);
  return new Set(live.filter(isQuiet).map(({ nic }) => nic));
}

/** Ports of bonds and teams that take almost nothing beside another port; none if the bond itself names its standby. */
function unusedPorts({ nics }: Host, interrupts: ReadonlyMap<string, number | null>): ReadonlySet<string> {
  const standby = new Set(nics.flatMap((nic) => (nic.standby === true ? [nic.name] : [])));
  const bonds = nics.filter(
    ({ driver, lowerDevices }) =>
      (driver === 'bonding' || driver === 'team') && !lowerDevices.some((name) => standby.has(name)),
  );
  return new Set(
    bonds.flatMap(({ lowerDevices }) => {
      const most = Math.max(0, ...lowerDevices.map((name) => interrupts.get(name) ?? 0));
      return lowerDevices.filter((name) => (interrupts.get(name) ?? most) < most * BESIDE);
    }),
  );
}

/** Since boot; null if they are not counted. */
function interruptsOf(nic: Nic): number | null {
  const counted = queueIrqs(nic).filter(({ counts }) => counts.length > 0);
  return counted.length === 0 ? null : sum(counted.map(({ counts }) => taken(counts)));
}

/** Names of NICs that say nothing about the packets that come in: quiet ones, and those that are down. */
export function unusedNics(view: View): ReadonlySet<string> {
  const down = view.host.nics.filter(({ state }) => state === 'down');
  return new Set([...quietNics(view), ...down].map(({ name }) => name));
}

/** What is expected of one group, without unused NICs if others feed it. */
export function inUse<T extends { readonly nic: string }>(
  ofGroup: readonly T[],
  unused: ReadonlySet<string>,
): readonly T[] {
  const used = ofGroup.filter(({ nic }) => !unused.has(nic));
  return used.length > 0 ? used : ofGroup;
}
