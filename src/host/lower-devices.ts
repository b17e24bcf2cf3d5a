/** From a bond, VLAN, bridge or macvlan down to the ports that carry its packets. */

/**
 * The ports below `name`: whatever has nothing below itself. Empty for a port. `lowersOf` gives the devices
 * directly below one (the `lower_*` links of sysfs), [] for a port or an unknown name. Loops are cut.
 */
export function portsBelow(name: string, lowersOf: (name: string) => readonly string[]): readonly string[] {
  const seen = new Set([name]);
  const ports: string[] = [];
  const descend = (device: string): void => {
    for (const lower of lowersOf(device)) {
      if (seen.has(lower)) continue;
      seen.add(lower);
      if (lowersOf(lower).length === 0) ports.push(lower);
      else descend(lower);
    }
  };
  descend(name);
  return ports;
}
