/** NICs without interrupts and without RSS: which CPU receives their packets. */
import type { Nic } from './types.ts';

export interface Substitute {
  /**
   * `sender`: the CPU that transmits the packet also receives it. `below`: as the device below it, which is elsewhere.
   * `any`: each online CPU as often as any other (drivers/net/wireguard/queueing.h, wg_cpumask_next_online).
   */
  readonly by: 'sender' | 'below' | 'any';
  /** A sentence. */
  readonly why: string;
}

const has = (kind: string, by: Substitute['by'], where: string): Substitute => ({
  by,
  why: `${kind} has no IRQ and no RSS: packets are received ${where}`,
});

const ON_SENDER = 'on the CPU that sends them';
const below = (kind: string) =>
  has(kind, 'below', 'where the device below it receives them, which is in another network namespace');

/** loopback_xmit(), veth_xmit() and tun_get_user() hand the packet to the stack on the CPU that they run on. */
const LOOPBACK = has('loopback', 'sender', ON_SENDER);

/** By driver, as ethtool or sysfs names it. */
const SUBSTITUTES: ReadonlyMap<string | null, Substitute> = new Map([
  ['veth', has('a veth', 'sender', ON_SENDER)],
  ['tun', has('a tun or tap device', 'sender', 'on the CPU of the process that writes them')],
  [
    'wireguard',
    has(
      'WireGuard',
      'any',
      'on the CPU that decrypts them, which is each online CPU in turn (workqueue wg-crypt)',
    ),
  ],
  ['macvlan', below('a macvlan')],
  ['macvtap', below('a macvtap')],
  ['ipvlan', below('an ipvlan')],
  ['ipvtap', below('an ipvtap')],
  ['802.1Q VLAN Support', below('a VLAN')],
]);

/**
 * Which CPU receives the packets of a NIC that never takes an interrupt; null for all others, and for a NIC above
 * another one that is known: there the lower device receives. RPS may still move the packets.
 */
export function substitute({
  name,
  driver,
  lowerDevices,
}: Pick<Nic, 'name' | 'driver' | 'lowerDevices'>): Substitute | null {
  if (name === 'lo') return LOOPBACK;
  return lowerDevices.length > 0 ? null : (SUBSTITUTES.get(driver) ?? null);
}
