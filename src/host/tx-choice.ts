/**
 * How a NIC's TX queue is chosen. A driver's own ndo_select_queue comes before XPS (net/core/dev.c,
 * netdev_core_pick_tx).
 */
import type { Nic } from './types.ts';

/** What each driver uses instead, by its name in sysfs, ethtool or the names of its IRQs. */
const CHOOSERS: ReadonlyMap<string | null, string> = new Map([
  // mana_select_queue; netvsc_select_queue without a VF
  [
    'mana',
    'it takes the queue that the socket used last, else the rx queue of a forwarded packet, else a hash',
  ],
  [
    'hv_netvsc',
    'it takes the queue that the socket used last, else the rx queue of a forwarded packet, else a hash',
  ],
  // xennet_select_queue; the driver of the bus is called `vif`
  ['xen_netfront', 'it takes a hash of the flow'],
  ['vif', 'it takes a hash of the flow'],
  // tun_select_queue
  ['tun', 'it takes the queue that the flow was last read from, else a hash'],
  // bond_select_queue, team_select_queue
  ['bonding', 'it takes the rx queue of a forwarded packet, else 0, and the lower device chooses again'],
  ['team', 'it takes the rx queue of a forwarded packet, else 0, and the lower device chooses again'],
  // mtk_select_queue
  ['mtk_soc_eth', 'it takes one fixed queue for each port'],
]);

/**
 * Why XPS has no effect on this NIC, as a sentence; null if the kernel uses it. xps_cpus and xps_rxqs of such a NIC do
 * nothing. ice, ixgbe, i40e, mlx4 and mlx5 also have their own function, but use XPS except with DCB, FCoE or HTB.
 */
export function whyXpsIgnored({ driver, lowerDevices }: Pick<Nic, 'driver' | 'lowerDevices'>): string | null {
  const chooser = CHOOSERS.get(driver);
  if (chooser === undefined) return null;
  const [vf] = lowerDevices;
  // netvsc_select_queue leaves the choice to the VF while there is one.
  if (driver === 'hv_netvsc' && vf !== undefined)
    return `${driver} hands its packets to ${vf}, which chooses the tx queue; XPS of ${driver} has no effect`;
  return `${driver} chooses the tx queue itself and ignores XPS: ${chooser}`;
}
