/** Network adapters on USB: the USB controller interrupts for them. */
import type { IrqTable } from './irq-table.ts';

/**
 * Which IRQ receives for the device at this sysfs path, as a sentence; null for a device that is not on USB. Controllers name
 * their IRQ after the bus (usb_add_hcd, `xhci-hcd:usb5`), or, on PCI with MSI, only after the driver.
 */
export function usbReceives(device: string | null, { all, byDevice }: IrqTable): string | null {
  const [before, bus] = /^(.*)\/(usb\d+)\//.exec(device ?? '')?.slice(1) ?? [];
  if (before === undefined || bus === undefined) return null;
  const named = all.filter(({ interrupt }) => interrupt.actions.some((action) => action.endsWith(`:${bus}`)));
  const controller = named.length > 0 ? named : (byDevice.get(before.split('/').at(-1) ?? '') ?? []);
  const irqs = controller.map(({ interrupt: { irq, actions } }) => `IRQ ${irq} (${actions.join(', ')})`);
  const where = irqs.length > 0 ? `, ${irqs.join(' or ')}` : '';
  return `a USB device has no IRQ: its packets are received on the CPU of the IRQ of its USB controller${where}, or where rps_cpus says`;
}
