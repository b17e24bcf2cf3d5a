import type { Group, Host, Nic } from '../host/types.ts';

/** The NICs that packets come in through: what has queues of its own and an IRQ, or many queues. */
export function ports(host: Host): readonly Nic[] {
  return host.nics.filter(
    ({ name, lowerDevices, rxQueues }) =>
      name !== 'lo' &&
      lowerDevices.length === 0 &&
      (rxQueues.length > 1 || rxQueues.some((queue) => queue.irq !== null || queue.cpus.length > 0)),
  );
}

/**
 * The ports that a group can get packets through: for a device-bound one that device and what is below it,
 * for one on a loopback address none. Which port another address belongs to is not known here: all.
 */
export function portsOf(group: Group, host: Host): ReadonlySet<Nic> {
  if (isLoopback(group.address)) return new Set();
  const reached = group.device === null ? null : below(group.device, host);
  return new Set(ports(host).filter(({ name }) => reached === null || reached.has(name)));
}

/** Packets to it come through no NIC. */
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
