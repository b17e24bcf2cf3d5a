/** The network interfaces of sysfs, and the device behind each. */
import { posix } from 'node:path';
import type { Files } from '../system/types.ts';
import { isPciAddress } from './irq-names.ts';
import { compareText } from './order.ts';
import { readInteger } from './values.ts';

export interface Interface {
  readonly name: string;
  /** ifindex. */
  readonly index: number | null;
  /** Directly below this one: the slaves of a bond, the ports of a bridge, the device of a VLAN. */
  readonly lowers: readonly string[];
  /** Known to have no device, so no IRQs, whatever their name: a container's eth0 is not the host's. */
  readonly virtual: boolean;
  readonly driver: string | null;
  /** PCI address of the function that moves its packets. */
  readonly pci: string | null;
  /** `virtio2`, the name of a virtio device in the names of its IRQs. */
  readonly virtio: string | null;
  /** `15100000.ethernet`, `30000002`: the name of a device on neither of these buses, and often of its IRQs. */
  readonly platform: string | null;
  /** sysfs directory of that PCI function, or of the device; null if there is none, or not known. */
  readonly device: string | null;
}

const root = '/sys/class/net';

/** In the order of ifindex, as `ip link` lists them. [] if the tree has no sysfs. */
export function readInterfaces(files: Files): readonly Interface[] {
  return files
    .list(root)
    .filter((name) => name !== 'bonding_masters')
    .map((name) => readInterface(files, name))
    .sort((a, b) => (a.index ?? 0) - (b.index ?? 0) || compareText(a.name, b.name));
}

function readInterface(files: Files, name: string): Interface {
  const path = `${root}/${name}`;
  const place = posix.resolve(root, files.link(path) ?? name);
  const device = devicePath(place) ?? files.real(`${path}/device`);
  const pciDevice =
    device && [device, posix.dirname(device)].find((path) => isPciAddress(posix.basename(path)));
  const index = readInteger(files, `${path}/ifindex`);
  const lowers = files
    .list(path)
    .flatMap((entry) => (entry.startsWith('lower_') ? [entry.slice('lower_'.length)] : []));
  const virtio = device && /^virtio\d+$/.test(posix.basename(device)) ? posix.basename(device) : null;
  return {
    name,
    index,
    lowers,
    virtual: place.startsWith('/sys/devices/virtual/'),
    driver: device
      ? baseName(files.link(`${path}/device/driver`))
      : softwareDriver(files, path, index, lowers),
    pci: pciDevice ? posix.basename(pciDevice) : null,
    virtio,
    platform: device && !pciDevice && virtio === null ? posix.basename(device) : null,
    device: pciDevice ?? device,
  };
}

const NAMED = /^(?:(?:mac|ip)v(?:lan|tap)|vxlan|geneve|gtp|wireguard)$/;
/** By their hardware type (include/uapi/linux/if_arp.h). */
const TUNNELS: Readonly<Record<number, string>> = {
  768: 'ipip',
  769: 'ip6tnl',
  776: 'sit',
  778: 'gre',
  823: 'ip6gre',
};

/** Drivers of interfaces without a device, by attributes that only they have, named as by `ethtool -i`. */
function softwareDriver(
  files: Files,
  path: string,
  index: number | null,
  lowers: readonly string[],
): string | null {
  if (files.exists(`${path}/bonding`)) return 'bonding';
  if (files.exists(`${path}/tun_flags`)) return 'tun';
  // A link to an interface elsewhere: it is a veth unless it names its kind. Not every kernel's macvlan does.
  const uevent = files.text(`${path}/uevent`);
  const peer = readInteger(files, `${path}/iflink`);
  if (lowers.length > 0 || uevent === null || index === null || peer === null) return null;
  const [, kind = null] = /^DEVTYPE=(.*)$/m.exec(uevent) ?? [];
  if (kind !== null) return NAMED.test(kind) ? kind : null;
  const tunnel = TUNNELS[readInteger(files, `${path}/type`) ?? -1];
  if (tunnel !== undefined) return tunnel;
  return peer > 0 && peer !== index ? 'veth' : null;
}

const baseName = (path: string | null): string | null => path && posix.basename(path);

// The link's text names the whole chain, `…/0000:00:03.0/virtio2/net/eth0`, even in a tree that was captured without
// the link's target. A virtio or auxiliary device is directly below its PCI function, a USB device is not.
function devicePath(place: string): string | null {
  return /^(\/sys\/devices\/(?!virtual\/).+)\/net\/[^/]+$/.exec(place)?.[1] ?? null;
}
