/** Packets per second through the machine's interfaces, from their counters. */
import type { Files } from '../system/types.ts';

export interface PacketCounts {
  /** Interface -> packets since it is up, as the driver counts them: GRO and GSO packets mostly as on the wire. */
  readonly packets: ReadonlyMap<string, { readonly rx: number; readonly tx: number }>;
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
}

export interface PacketRates {
  /** null if there is no interface, or none that existed before. */
  readonly rx: number | null;
  readonly tx: number | null;
}

/**
 * lo and interfaces with hardware: bonds, VLANs, bridges and tunnels would count the same packets again. In a network
 * namespace without hardware, all interfaces without a lower device.
 */
export function countedInterfaces(files: Files): string[] {
  const entries = (name: string) => files.list(`/sys/class/net/${name}`);
  const names = files.list('/sys/class/net').filter((name) => entries(name).includes('statistics'));
  const hardware = names.filter((name) => entries(name).includes('device'));
  const base = names.filter((name) => !entries(name).some((entry) => entry.startsWith('lower_')));
  return [
    ...new Set([...(hardware.length > 0 ? hardware : base), ...names.filter((name) => name === 'lo')]),
  ].sort();
}

export function readPacketCounts(files: Files): PacketCounts {
  const count = (name: string, direction: string) =>
    Number(files.text(`/sys/class/net/${name}/statistics/${direction}_packets`) ?? 0);
  const packets = countedInterfaces(files).map(
    (name) => [name, { rx: count(name, 'rx'), tx: count(name, 'tx') }] as const,
  );
  return { packets: new Map(packets), at: performance.now() };
}

/** Leaves out interfaces that are new, or whose counter went backwards. */
export function packetRates(before: PacketCounts, after: PacketCounts): PacketRates {
  const seconds = (after.at - before.at) / 1000;
  const both = Array.from(after.packets, ([name, now]) => ({ now, was: before.packets.get(name) }));
  const rate = (direction: 'rx' | 'tx'): number | null => {
    const grown = both.flatMap(({ now, was }) =>
      was !== undefined && now[direction] >= was[direction] ? [now[direction] - was[direction]] : [],
    );
    if (grown.length === 0 || seconds <= 0) return null;
    return Math.round(grown.reduce((sum, packets) => sum + packets, 0) / seconds);
  };
  return { rx: rate('rx'), tx: rate('tx') };
}
