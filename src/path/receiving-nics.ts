/** Which NICs receive packets, and which of them feed a group. */
import { substitute } from '../host/no-interrupts.ts';
import type { Group, Host, Nic } from '../host/types.ts';

/**
 * The NICs that receive packets: those with their own queues and an IRQ, or with several queues. If there is none, as in
 * a pod, those with one queue for which it is known who receives in place of an IRQ.
 */
export function receivingNics(host: Host): readonly Nic[] {
  const lowest = host.nics.filter(({ name, lowerDevices }) => name !== 'lo' && lowerDevices.length === 0);
  const own = lowest.filter(
    ({ rxQueues }) =>
      rxQueues.length > 1 || rxQueues.some((queue) => queue.irq !== null || queue.cpus.length > 0),
  );
  if (own.length > 0) return own;
  return lowest.filter((nic) => nic.state !== 'down' && nic.rxQueues.length > 0 && substitute(nic) !== null);
}

/**
 * The NICs from which a group can receive packets: for a group bound to a device, that device and what is below it; for
 * a loopback address, none. It is not known to which NIC another address belongs, so for those it is all NICs.
 */
export function nicsFeeding(group: Group, host: Host): ReadonlySet<Nic> {
  return new Set(feeding(group, host, receivingNics(host)));
}

function feeding(group: Group, host: Host, nics: readonly Nic[]): readonly Nic[] {
  if (isLoopback(group.address)) return [];
  const reached = group.device === null ? null : below(group.device, host);
  return reached === null ? nics : nics.filter(({ name }) => reached.has(name));
}

/** Every way in, each with the groups that it leads to, in the order of the host. */
export function waysIn(host: Host): { readonly nic: Nic; readonly groups: readonly Group[] }[] {
  const nics = receivingNics(host);
  const lo = loopbackOf(host);
  const named = nics.length === 0 && host.nics.includes(lo);
  const groups = new Map<Nic, Group[]>([...nics, lo].map((nic) => [nic, []]));
  for (const group of host.groups) {
    const fed = named || isLoopback(group.address) ? [lo] : feeding(group, host, nics);
    for (const nic of fed) groups.get(nic)?.push(group);
  }
  return [...groups]
    .map(([nic, of]) => ({ nic, groups: of }))
    .filter(({ nic, groups: of }) => nic !== lo || of.length > 0);
}

/** The loopback interface; as the kernel sets it up if it was not read. */
export function loopbackOf({ nics }: Pick<Host, 'nics'>): Nic {
  return nics.find(({ name }) => name === 'lo') ?? LOOPBACK;
}

const LOOPBACK: Nic = {
  name: 'lo',
  driver: null,
  busInfo: null,
  numaNode: null,
  state: 'unknown',
  lowerDevices: [],
  standby: false,
  threadedNapi: false,
  napiThreads: [],
  channels: null,
  rings: null,
  rss: null,
  irqs: [],
  rxQueues: [{ index: 0, irq: null, cpus: [], cpusSource: null, rps: [], rfsFlows: 0 }],
  txQueues: [{ index: 0, irq: null, cpus: [], cpusSource: null, xpsCpus: null, xpsRxqs: null }],
  notes: [],
};

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
