/** NICs made only from the interrupts, for a captured tree without sysfs. */
import type { Interface } from './interfaces.ts';
import { isEthernetNode, isPciAddress, looksLikeInterface } from './irq-names.ts';
import type { IrqTable, NamedInterrupt } from './irq-table.ts';

/**
 * One for each interface name, PCI address or virtio device whose interrupts look like a NIC's queues, in the order of
 * their first interrupt. The driver is known if only one driver uses that form of names.
 */
export function inferInterfaces(table: IrqTable): readonly Interface[] {
  const found = new Map<string, { pci: string | null; virtio: string | null; driver: string | null }>();
  for (const entry of table.all) {
    const queue = queueOwner(entry);
    if (!queue) continue;
    const pci = entry.interrupt.device ?? (isPciAddress(queue.owner) ? queue.owner : null);
    // A useless name, such as gve's literal `eth%d`, is worse than the address.
    const name = pci !== null && queue.owner.includes('%') ? pci : queue.owner;
    const virtio = /^virtio\d+$/.test(queue.owner) ? queue.owner : null;
    const known = found.get(name);
    found.set(name, { pci: known?.pci ?? pci, virtio, driver: known?.driver ?? queue.driver });
  }
  return Array.from(found, ([name, facts]) => ({
    name,
    index: null,
    lowers: [],
    virtual: false,
    platform: null,
    device: null,
    ...facts,
  }));
}

// Forms that other devices also use, and a plain `eth0`, count only with a name that an Ethernet interface would have.
function queueOwner({ interrupt, names }: NamedInterrupt): { owner: string; driver: string | null } | null {
  for (const [i, action] of interrupt.actions.entries()) {
    const name = names[i];
    if (
      name
        ? name.role !== 'other' && (!name.weak || looksLikeInterface(name.owner))
        : looksLikeInterface(action) || isEthernetNode(action)
    ) {
      return { owner: name?.owner ?? action, driver: name?.driver ?? null };
    }
  }
  return null;
}
