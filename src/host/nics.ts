/** Every network interface with its queues, their IRQs and CPUs. */
import type { System } from '../system/types.ts';
import type { Cpus } from './cpus.ts';
import { type Interface, readInterfaces } from './interfaces.ts';
import type { Interrupts } from './interrupts.ts';
import { findNicIrqs } from './irq-queues.ts';
import { type IrqTable, tabulate } from './irq-table.ts';
import { portsBelow } from './lower-devices.ts';
import { pushTo } from './multimap.ts';
import { inferInterfaces } from './named-nics.ts';
import { findNapiThreads, joinNapiThreads, type NapiProcess } from './napi-threads.ts';
import { askKernel, type NicAnswers, readHiddenKey, toChannels, toRss } from './nic-answers.ts';
import {
  type QueueIndices,
  readAffinity,
  readChannelCpus,
  readQueueIndices,
  readRps,
  readRxQueue,
  readThreaded,
  readTxQueue,
} from './nic-queues.ts';
import { substitute } from './no-interrupts.ts';
import { once } from './once.ts';
import { foreignInterfaces } from './sysfs-namespace.ts';
import type { Channels, Irq, Machine, Nic } from './types.ts';
import { usbReceives } from './usb.ts';
import { readInteger, readLine } from './values.ts';

/** Names of all interfaces; if a captured tree has no sysfs, of those that the interrupts reveal. */
export function listInterfaces(system: System, interrupts: Interrupts): readonly string[] {
  return findInterfaces(system, tabulate(interrupts)).map(({ name }) => name);
}

function findInterfaces({ files }: System, table: IrqTable): readonly Interface[] {
  if (foreignInterfaces(files).length > 0) return [];
  const interfaces = readInterfaces(files);
  return interfaces.length > 0 ? interfaces : inferInterfaces(table);
}

/** Their packets do not profit from the place of a queue; left out unless named, but lo is read if RPS moves its packets. */
const uninteresting = /^(?:lo|ifb\d+|dummy\d+)$/;

/**
 * Reads the interfaces in `only` and their lower devices, or all except lo, ifb and dummy, in the order of ifindex.
 * Names in `only` that do not exist are not an error here: the caller compares.
 */
export async function readNics(
  system: System,
  machine: Machine,
  interrupts: Interrupts,
  only: readonly string[] = [],
): Promise<readonly Nic[]> {
  const table = tabulate(interrupts);
  const interfaces = findInterfaces(system, table);
  const byName = new Map(interfaces.map((one) => [one.name, one]));
  const lowersOf = (name: string): readonly string[] => byName.get(name)?.lowers ?? [];
  const wanted = new Set(only.flatMap((name) => [name, ...portsBelow(name, lowersOf)]));
  const byPci = new Map<string, string[]>();
  for (const { name, pci } of interfaces) if (pci !== null) pushTo(byPci, pci, name);
  const onlineCounts = byOnlineCpu(interrupts.cpus, machine.cpus.online);

  const moved = (name: string) => name === 'lo' && (readRps(system.files, name, 0)?.length ?? 0) > 0;
  const napiThreads = once(() => findNapiThreads(system));

  const readNic = async (nic: Interface): Promise<Nic> => {
    const threaded = readThreaded(system.files, nic.name);
    const answers = await askKernel(system.kernel, nic, threaded === true);
    return joinNic(system, nic, answers, {
      table,
      online: machine.cpus.online,
      onlineCounts,
      neighbours: (byPci.get(nic.pci ?? '') ?? []).filter((name) => name !== nic.name),
      lowerDevices: portsBelow(nic.name, lowersOf),
      threaded,
      napiThreads,
    });
  };
  // All at once: the system calls run in libuv's pool, whose threads are the limit.
  return Promise.all(
    interfaces
      .filter(({ name }) => (only.length > 0 ? wanted.has(name) : !uninteresting.test(name) || moved(name)))
      .map(readNic),
  );
}

/** What is joined with a NIC. */
interface Surroundings {
  readonly table: IrqTable;
  readonly online: Cpus;
  readonly onlineCounts: (counts: readonly number[]) => readonly number[];
  /** Other interfaces on the same PCI function. */
  readonly neighbours: readonly string[];
  readonly lowerDevices: readonly string[];
  readonly threaded: boolean | null;
  /** By interface; searched when the first NIC has threaded NAPI. */
  readonly napiThreads: () => ReadonlyMap<string, readonly NapiProcess[]>;
}

function joinNic(
  system: System,
  nic: Interface,
  { ethtool, netdev, napis, notes }: NicAnswers,
  { table, online, onlineCounts, neighbours, lowerDevices, threaded, napiThreads }: Surroundings,
): Nic {
  const { files } = system;
  const { name, device } = nic;
  const path = `/sys/class/net/${name}`;
  const channels = ethtool?.channels ? toChannels(ethtool.channels) : null;
  const indices = readQueueIndices(files, name) ?? indicesOf(channels);
  const asked = ethtool?.driver?.driver ?? null;
  // Without a device sysfs only hints at it: from inside of a pod a macvlan looks like a veth.
  const driver = (nic.virtual ? asked : null) ?? nic.driver ?? asked;
  const found = findNicIrqs(
    {
      interface: { ...nic, driver },
      msiIrqs: device === null ? [] : files.list(`${device}/msi_irqs`).map(Number),
      neighbours,
      queues: { rx: indices?.rx.length ?? null, tx: indices?.tx.length ?? null },
      netdev,
    },
    table,
  );
  const irqs = found.irqs.map(
    (irq): Irq => ({ ...irq, ...readAffinity(files, irq.irq), counts: onlineCounts(irq.counts) }),
  );
  const channelCpus = driver === 'hv_netvsc' && device !== null ? readChannelCpus(files, device) : new Map();
  const servers = { ...found, irqs: new Map(irqs.map((irq) => [irq.irq, irq])), online, channelCpus };
  const ascending = (queues: Iterable<number>): number[] => [...queues].sort((a, b) => a - b);
  const state = readLine(files, `${path}/operstate`);
  const usb = usbReceives(device, table);
  const received = substitute({ name, driver, lowerDevices });
  const places = found.rx.size + channelCpus.size;
  const unplaced = device !== null && state !== 'down' && places === 0 && found.notes.length === 0;
  return {
    name,
    driver,
    busInfo: nic.pci ?? (nic.virtual ? null : ethtool?.driver?.busInfo || null),
    numaNode: device === null ? null : readInteger(files, `${device}/numa_node`),
    state,
    lowerDevices,
    standby: readLine(files, `${path}/bonding_slave/state`) === 'backup',
    threadedNapi: threaded,
    napiThreads: threaded
      ? joinNapiThreads(system, {
          named: napiThreads().get(name) ?? [],
          queues: netdev ?? [],
          napis,
          inOrder: driver === 'veth' ? (indices?.rx ?? []) : [],
        })
      : [],
    channels,
    rings: ethtool?.rings ?? null,
    rss: ethtool ? toRss(ethtool, indices?.rx.length ?? null, readHiddenKey(files, driver)) : null,
    irqs,
    rxQueues: (indices?.rx ?? ascending(found.rx.keys())).map((index) =>
      readRxQueue(files, name, index, servers),
    ),
    txQueues: (indices?.tx ?? ascending(found.tx.keys())).map((index) =>
      readTxQueue(files, name, index, servers),
    ),
    notes: [
      ...notes,
      ...found.notes,
      ...(indices === null && !nic.virtual ? ['queues are known only from the names of IRQs'] : []),
      ...(received === null ? [] : [`${received.why}, or where rps_cpus says`]),
      ...(usb === null ? [] : [usb]),
      ...(unplaced && usb === null
        ? ['the CPUs of its queues are not known: no IRQ of its queues was found']
        : []),
    ],
  };
}

/** A combined channel has one RX and one TX queue. */
function indicesOf(channels: Channels | null): QueueIndices | null {
  if (channels === null) return null;
  const combined = channels.combined?.current ?? 0;
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  return {
    rx: upTo((channels.rx?.current ?? 0) + combined),
    tx: upTo((channels.tx?.current ?? 0) + combined),
  };
}

// The header of /proc/interrupts may differ from the list of online CPUs that was read a moment apart, or captured by
// another tool.
function byOnlineCpu(header: Cpus, online: Cpus): Surroundings['onlineCounts'] {
  const same = header.length === online.length && header.every((cpu, i) => cpu === online[i]);
  if (same) return (counts) => counts;
  const column = new Map(header.map((cpu, i) => [cpu, i]));
  return (counts) => (counts.length === 0 ? counts : online.map((cpu) => counts[column.get(cpu) ?? -1] ?? 0));
}
