import type { Group, Host, Nic } from '../host/types.ts';

/** The NICs that receive packets: those with their own queues and an IRQ, or with several queues. */
export function receivingNics(host: Host): readonly Nic[] {
  return host.nics.filter(
    ({ name, lowerDevices, rxQueues }) =>
      name !== 'lo' &&
      lowerDevices.length === 0 &&
      (rxQueues.length > 1 || rxQueues.some((queue) => queue.irq !== null || queue.cpus.length > 0)),
  );
}

/**
 * The NICs from which a group can receive packets: for a group bound to a device, that device and what is below it; for
 * a loopback address, none. It is not known to which NIC another address belongs, so for those it is all NICs.
 */
export function nicsFeeding(group: Group, host: Host): ReadonlySet<Nic> {
  if (isLoopback(group.address)) return new Set();
  const reached = group.device === null ? null : below(group.device, host);
  return new Set(receivingNics(host).filter(({ name }) => reached === null || reached.has(name)));
}

/** Packets to a loopback address do not pass a NIC. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** A device and all devices under it. */
function below(device: string, host: Host): ReadonlySet<string> {
  const lowerOf = new Map(host.nics.map((nic) => [nic.name, nic.lowerDevices]));
  const found = new Set([device]);
  for (const name of found) for (const lower of lowerOf.get(name) ?? []) found.add(lower);
  return found;
}
