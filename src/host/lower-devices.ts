/** Finds the lower devices that carry the packets of a bond, VLAN, bridge or macvlan. */

/**
 * The lowest devices below `name`. Empty for a device without lower devices. `lowersOf` gives the devices directly
 * below one (the `lower_*` links of sysfs), [] if there are none, or for an unknown name. Loops are cut.
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
